#include "wsi_lpd/model/network/model_info.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/model/encoders/mix_transformer.hpp"
#include "wsi_lpd/model/network/model_metadata.hpp"
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::model::network {
namespace {

using Json = nlohmann::json;

constexpr const char* kFormat = "wsi-lpd 1";
constexpr int kMostPrototypes = 1000;

/// The whole number that `name` is: JSON may hold 0.5, or more than fits.
template <class Integer>
Integer whole_of(const Json& json, const char* name) {
  const bool fits = json.is_number_unsigned() ? std::in_range<Integer>(json.get<std::uint64_t>())
                                              : json.is_number_integer() && std::in_range<Integer>(json.get<std::int64_t>());
  if (!fits) throw core::Error(std::string("'") + name + "' is " + json.dump() + " and no whole number that fits");
  return json.get<Integer>();
}

Json json_of(const core::Calibration& calibration) {
  if (calibration.empty()) return nullptr;
  return {{"score_threshold", calibration.score_threshold}, {"score_width", calibration.score_width}};
}

Json json_of(const std::optional<PresenceInfo>& presence) {
  if (!presence) return nullptr;
  Json json{{"encoder", presence->encoder},
            {"metadata", presence->encoder_metadata},
            {"images", presence->images},
            {"groups", presence->groups},
            {"strength", presence->strength},
            {"auc", presence->auc},
            {"fit_components", presence->fit_components},
            {"scale", presence->scale},
            {"own_weight", presence->own_weight},
            {"calibration", json_of(presence->calibration)}};
  if (const auto& patients = presence->patients)
    json["patients"] = {
        {"shares", patients->shares}, {"means", patients->means}, {"within", patients->within}, {"between", patients->between}};
  if (presence->place)
    json["place"] = {{"path", presence->place->path}, {"bytes", presence->place->bytes}, {"sha256", presence->place->sha256}};
  return json;
}

core::Calibration calibration_of(const Json& json, std::size_t classes) {
  core::Calibration calibration;
  if (json.is_null()) return calibration;
  json.at("score_threshold").get_to(calibration.score_threshold);
  json.at("score_width").get_to(calibration.score_width);
  const auto sound = [&](const std::vector<float>& values, float above) {
    return values.size() == classes &&
           std::all_of(values.begin(), values.end(), [&](float value) { return std::isfinite(value) && value > above; });
  };
  if (!sound(calibration.score_threshold, -HUGE_VALF) || !sound(calibration.score_width, 0))
    throw core::Error("its calibration makes no sense");
  return calibration;
}

std::optional<PresenceInfo> presence_of(const Json& json, std::size_t classes) {
  if (json.is_null()) return {};
  PresenceInfo presence{
      .encoder = json.at("encoder").get<std::string>(),
      .encoder_metadata = json.at("metadata").get<std::map<std::string, std::string>>(),
      .images = whole_of<std::int64_t>(json.at("images"), "images"),
      .groups = whole_of<std::int64_t>(json.at("groups"), "groups"),
      .strength = json.at("strength").get<double>(),
      .auc = json.at("auc").get<std::vector<double>>(),
      .fit_components = whole_of<std::int64_t>(json.value("fit_components", Json(0)), "fit_components"),  // younger than the format
      .scale = json.value("scale", 1.0),                                                                  // so is this
      .own_weight = json.value("own_weight", 0.0),                                                        // and this
      .calibration = calibration_of(json.at("calibration"), classes)};
  if (json.contains("patients")) {  // younger than the format
    const Json& patients = json.at("patients");
    const auto numbers = [&](const char* name) { return patients.at(name).get<std::vector<double>>(); };
    presence.patients = PatientScatter{numbers("shares"), numbers("means"), numbers("within"), numbers("between")};
  }
  if (json.contains("place")) {
    const Json& place = json.at("place");
    presence.place = {place.at("path").get<std::string>(), whole_of<std::uint64_t>(place.at("bytes"), "bytes"),
                      place.at("sha256").get<std::string>()};
  }
  if ((presence.patients && !presence.patients->is_sound(classes)) || presence.auc.size() != classes || presence.calibration.empty() ||
      presence.fit_components < 0 || !(presence.scale > 0 && presence.scale <= 1) ||
      !(presence.own_weight >= 0 && std::isfinite(presence.own_weight)))
    throw core::Error("its presence head makes no sense");
  return presence;
}

Json json_of(const std::map<std::string, UsedWeights>& weights) {
  Json json = Json::object();
  for (const auto& [use, used] : weights) json[use] = {{"file", used.file}, {"licence", used.licence}};
  return json;
}

std::map<std::string, UsedWeights> weights_of(const Json& json) {
  std::map<std::string, UsedWeights> weights;
  for (const auto& [use, used] : json.get<std::map<std::string, Json>>())
    weights[use] = {used.at("file").get<std::string>(), used.at("licence").get<std::string>()};
  return weights;
}

Json json_of(const core::StainFit& fit) { return {{"mean", fit.mean}, {"form", fit.form}, {"images", fit.images}}; }

core::StainFit stain_fit_of(const Json& json) {
  core::StainFit fit{.mean = json.at("mean").get<core::StainVector>(),
                     .form = json.at("form").get<decltype(core::StainFit::form)>(),
                     .images = whole_of<std::int64_t>(json.at("images"), "images")};
  const auto finite = [](const core::StainVector& values) {
    return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
  };
  if (!finite(fit.mean) || !std::all_of(fit.form.begin(), fit.form.end(), finite) || fit.images < 1)
    throw core::Error("its fit of stains makes no sense");
  return fit;
}

Json json_of(const std::optional<Judgement>& judged) {
  if (!judged) return nullptr;
  return {{"by", judged->by}, {"score", judged->score}, {"chance", judged->chance}, {"iteration", judged->iteration}};
}

std::optional<Judgement> judgement_of(const Json& json) {
  if (json.is_null()) return {};
  Judgement judged{json.at("by").get<std::string>(), json.at("score").get<double>(), json.at("chance").get<double>(),
                   whole_of<std::int64_t>(json.at("iteration"), "iteration")};
  for (const double value : {judged.score, judged.chance})
    if (!(value >= 0 && value <= 1)) throw core::Error("what it was judged by makes no sense");
  return judged;
}

}  // namespace

core::Calibration uncalibrated(int classes) {
  const auto count = static_cast<std::size_t>(classes);
  return {std::vector<float>(count, 0), std::vector<float>(count, 1)};
}

core::JointScore joint_score(const ModelInfo& info) {
  return {info.presence->calibration, info.calibration, static_cast<float>(info.presence->own_weight)};
}

std::map<std::string, std::string> metadata_from_info(const ModelInfo& info) {
  std::vector<std::string> colours;
  for (const core::Colour& colour : info.classes.colours) colours.push_back(core::to_string(colour));
  std::map<std::string, std::string> metadata{{"format", kFormat},
                                              {"method", info.method},
                                              {"encoder", info.encoder},
                                              {"prototypes_per_class", std::to_string(info.prototypes_per_class)},
                                              {"classes", core::json_text(Json(info.classes.names))},
                                              {"background", info.classes.background},
                                              {"colours", core::json_text(Json(colours))},
                                              {"mpp", core::json_text(info.mpp ? Json(*info.mpp) : Json())},
                                              {"patch_size", std::to_string(info.patch_size)},
                                              {"mosaic", core::json_text(Json(info.mosaic))},
                                              {"mean", core::json_text(Json(info.mean))},
                                              {"std", core::json_text(Json(info.std))},
                                              {"calibration", core::json_text(json_of(info.calibration))},
                                              {"judged", core::json_text(json_of(info.judged))},
                                              {"stain", core::json_text(Json(core::numbers_from_stain(info.stain)))},
                                              {"provenance", core::json_text(Json(info.provenance))}};
  if (info.stain_fit) metadata["stain_fit"] = core::json_text(json_of(*info.stain_fit));
  if (info.presence) metadata["presence"] = core::json_text(json_of(info.presence));
  if (!info.weights.empty()) metadata["weights"] = core::json_text(json_of(info.weights));
  return metadata;
}

ModelInfo info_from_metadata(const std::map<std::string, std::string>& metadata) {
  const auto format = metadata.find("format");
  if (format == metadata.end() || format->second != kFormat) {
    throw core::Error("holds no model of wsi-lpd (its metadata does not say format = " + std::string(kFormat) + ")");
  }
  std::string key;
  const auto text = [&](const char* name) { return metadata.at(key = name); };
  const auto json = [&](const char* name) {
    if (core::is_deep_json(text(name))) throw core::Error("its '" + key + "' has lists without end");
    return Json::parse(text(name));
  };
  try {
    ModelInfo info;
    info.method = text("method");
    info.encoder = text("encoder");
    encoders::mix_transformer_shape(info.encoder);
    info.prototypes_per_class = whole_of<int>(json("prototypes_per_class"), "prototypes_per_class");
    info.classes.names = json("classes").get<std::vector<std::string>>();
    info.classes.background = text("background");
    info.classes.colours.clear();
    for (const Json& colour : json("colours")) info.classes.colours.push_back(core::parse_colour(colour.get<std::string>()));
    core::validate(info.classes);
    const Json mpp = json("mpp");
    if (!mpp.is_null()) info.mpp = mpp.get<double>();
    info.patch_size = whole_of<int>(json("patch_size"), "patch_size");
    if (metadata.contains("mosaic")) info.mosaic = json("mosaic").get<double>();
    info.mean = json("mean").get<std::array<float, 3>>();
    info.std = json("std").get<std::array<float, 3>>();
    info.calibration = calibration_of(json("calibration"), info.classes.names.size());
    if (metadata.contains("stain")) info.stain = core::stain_from_numbers(json("stain").get<core::StainNumbers>());
    if (metadata.contains("stain_fit")) info.stain_fit = stain_fit_of(json("stain_fit"));
    if (metadata.contains("presence")) info.presence = presence_of(json("presence"), info.classes.names.size());
    if (metadata.contains("weights")) info.weights = weights_of(json("weights"));
    if (metadata.contains("judged")) info.judged = judgement_of(json("judged"));
    info.provenance = json("provenance").get<std::map<std::string, std::string>>();
    const bool sound = info.prototypes_per_class >= 1 && info.prototypes_per_class <= kMostPrototypes && info.patch_size >= 32 &&
                       (!info.mpp || (std::isfinite(*info.mpp) && *info.mpp > 0)) && info.mosaic >= 0 && info.mosaic <= 1 &&
                       std::all_of(info.std.begin(), info.std.end(), [](float value) { return std::isfinite(value) && value > 0; }) &&
                       std::all_of(info.mean.begin(), info.mean.end(), [](float value) { return std::isfinite(value); });
    if (!sound) throw core::Error("it has absurd values");
    return info;
  } catch (const std::out_of_range&) {
    throw core::Error("its model metadata lacks '" + key + "'");
  } catch (const Json::exception&) {
    throw core::Error("its model metadata has a malformed '" + key + "'");
  } catch (const core::Error& error) {
    throw core::Error(std::string("its model metadata is wrong: ") + error.what());
  }
}

std::map<std::string, UsedWeights> all_weights(const ModelInfo& info) {
  std::map<std::string, UsedWeights> weights = info.weights;
  if (info.presence) {
    const auto licence = info.presence->encoder_metadata.find("licence");
    weights["presence_encoder"] = {info.presence->encoder, licence == info.presence->encoder_metadata.end() ? "" : licence->second};
  }
  return weights;
}

ModelInfo read_model_info(const std::filesystem::path& path) {
  const auto metadata = weights::read_safetensors_metadata(path);
  return core::with_context(path.string(), [&] { return info_from_metadata(metadata); });
}

}  // namespace wsi_lpd::model::network
