#include "describe.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <vector>

#include "run_folder.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/model/imports/weights_import.hpp"
#include "wsi_lpd/model/network/model_info.hpp"
#include "wsi_lpd/output/hdf5_summary.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::cli {
namespace {

const std::set<std::string> kWeightExtensions{".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".ts"};

/// The thresholds from which on classes are present, by class.
Json thresholds(const std::vector<float>& values, const std::vector<std::string>& classes) {
  Json json = Json::object();
  for (std::size_t c = 0; c < values.size() && c < classes.size(); ++c) json[classes[c]] = values[c];
  return json;
}

Json describe_model(const std::filesystem::path& path) {
  const model::network::ModelInfo info = model::network::read_model_info(path);
  Json json{{"kind", "model"},
            {"method", info.method},
            {"encoder", info.encoder},
            {"prototypes_per_class", info.prototypes_per_class},
            {"classes", info.classes.names},
            {"background", info.classes.background}};
  for (const core::Colour& colour : info.classes.colours) json["colours"].push_back(core::to_string(colour));
  json["mpp"] = info.mpp ? Json(*info.mpp) : Json();
  json["patch_size"] = info.patch_size;
  if (info.mosaic > 0) json["mosaic"] = info.mosaic;
  json["mean"] = info.mean;
  json["std"] = info.std;
  json["calibrated"] = !info.calibration.empty();
  if (info.calibration.empty()) json["to_calibrate"] = calibrate_command(path);
  if (!info.calibration.empty()) json["score_threshold"] = thresholds(info.calibration.score_threshold, info.classes.names);
  if (info.presence) {
    const model::network::PresenceInfo& presence = *info.presence;
    json["presence"] = {{"encoder", presence.encoder},
                        {"images", presence.images},
                        {"groups", presence.groups},
                        {"strength", presence.strength},
                        {"held_out_auc", presence.auc},
                        {"score_threshold", thresholds(presence.calibration.score_threshold, info.classes.names)},
                        {"scale", presence.scale},
                        {"own_weight", presence.own_weight},
                        {"adapts_to_patients", presence.patients.has_value()}};
  }
  if (info.presence && info.presence->place) {
    const model::network::EncoderPlace& place = *info.presence->place;
    json["presence"]["encoder_file"] = {{"path", place.path}, {"bytes", place.bytes}, {"sha256", place.sha256}};
  }
  if (info.judged) {
    json["judged"]["by"] = info.judged->by;
    if (info.judged->by != "nothing") json["judged"].update({{"score", info.judged->score}, {"chance", info.judged->chance}});
    json["judged"]["iteration"] = info.judged->iteration;
  }
  json["stain"] = core::numbers_from_stain(info.stain);
  for (const auto& [use, used] : model::network::all_weights(info))
    json["licences_of_weights"][use] = {{"weights", used.file}, {"licence", used.licence.empty() ? "not stated" : used.licence}};
  // Whether slides are compared with the training images: by how many stains, by how many components of the features.
  json["fit"]["stain_images"] = info.stain_fit ? Json(info.stain_fit->images) : Json();
  json["fit"]["feature_components"] = info.presence && info.presence->fit_components > 0 ? Json(info.presence->fit_components) : Json();
  for (const auto& [key, value] : info.provenance) json["provenance"][key] = value;
  return json;
}

Json describe_slide(const std::filesystem::path& path) {
  const auto reader = slide::open(path);
  const slide::Properties& p = reader->properties();
  Json json{{"kind", "slide"}, {"vendor", p.vendor}};
  json["mpp"] = p.mpp ? Json(*p.mpp) : Json();
  json["mpp_source"] = p.mpp_source;
  json["objective_power"] = p.objective_power ? Json(*p.objective_power) : Json();
  json["bounds"] = {p.bounds.x, p.bounds.y, p.bounds.width, p.bounds.height};
  json["background"] = core::to_string(p.background);
  if (!p.note.empty()) json["note"] = p.note;
  if (!p.warnings.empty()) json["warnings"] = p.warnings;
  for (const slide::Level& level : p.levels) {
    json["levels"].push_back({{"width", level.size.width}, {"height", level.size.height}, {"downsample", level.downsample_x}});
  }
  return json;
}

bool starts_with(const std::filesystem::path& path, const char* magic, std::size_t length) {
  char start[8] = {};
  std::ifstream(path, std::ios::binary).read(start, sizeof start);
  return std::memcmp(start, magic, length) == 0;
}

/// How many pixels have which value. Of a photograph in grey, which has more values than labels are, only how many there are.
Json describe_values(image::LabelReader& reader) {
  constexpr std::int64_t kMostPixels = std::int64_t{1} << 28;
  constexpr std::size_t kMostValues = 32;
  if (reader.size().width * reader.size().height > kMostPixels) return "not counted: the image is large";
  std::map<int, std::int64_t> counts;
  std::vector<std::uint8_t> row(static_cast<std::size_t>(reader.size().width));
  for (std::int64_t y = 0; y < reader.size().height; ++y) {
    reader.next_row(row.data());
    for (const std::uint8_t value : row) ++counts[value];
  }
  if (counts.size() > kMostValues) return std::to_string(counts.size()) + " different ones: not labels but a picture in grey";
  Json json;
  for (const auto& [value, count] : counts) json[std::to_string(value)] = count;
  return json;
}

/// A raster of one channel: with the description that segment leaves in its own, or with the values of a mask. Null for every other file.
Json describe_raster(const std::filesystem::path& path) {
  const bool is_tiff = starts_with(path, "II", 2) || starts_with(path, "MM", 2);
  if (!is_tiff && !starts_with(path, "\x89PNG", 4)) return {};
  try {
    const auto reader = image::LabelReader::open(path);
    Json json = Json::parse(reader->description(), nullptr, false);
    if (!json.is_object() || json.value("software", "") != "wsi-lpd") {
      json = {{"kind", reader->palette().empty() ? "mask or label image, grey" : "mask or label image, indexed colours"},
              {"width", reader->size().width},
              {"height", reader->size().height}};
      for (const image::PaletteEntry& entry : reader->palette()) {
        if (json["palette"].size() < 16) json["palette"].push_back(core::to_string(entry.colour));
      }
      json["pixels_of_value"] = describe_values(*reader);
      return json;
    }
    json["width"] = reader->size().width;
    json["height"] = reader->size().height;
    json["kind"] = json.contains("channels") ? "class probabilities" : "label raster";
    return json;
  } catch (const core::Error&) {  // no raster of labels
    return {};
  }
}

Json describe_hdf5(const std::filesystem::path& path) {
  constexpr std::size_t kMost = 30;
  const output::Hdf5Summary summary = output::summarise_hdf5(path);
  const auto format = summary.attributes.find("format");
  const bool is_ours = format != summary.attributes.end() && format->second == "wsi-lpd result";
  Json json{{"kind", is_ours ? "result of segment (HDF5)" : "HDF5"}};
  for (const auto& [name, value] : summary.attributes) json["attributes"][name] = value;
  for (const output::Hdf5Dataset& dataset : summary.datasets) {
    if (json["datasets"].size() == kMost) break;
    json["datasets"][dataset.name] = dataset.type + " " + Json(dataset.shape).dump();
  }
  if (summary.datasets.size() > kMost) json["more_datasets"] = summary.datasets.size() - kMost;
  return json;
}

}  // namespace

Json describe(const std::filesystem::path& path, const core::CancelFlag& cancel) {
  if (!std::filesystem::exists(path)) throw core::Error(path.string() + ": no such file or folder");
  if (std::filesystem::is_directory(path)) return describe_folder(path, cancel);
  if (kWeightExtensions.contains(path.extension().string())) {
    if (const auto weights = model::imports::describe_weights(path)) {
      Json json{{"kind", weights->at("kind")}};
      json.update(Json(*weights));
      return json;
    }
    return describe_model(path);
  }
  if (Json text = describe_text(path); !text.is_null()) return text;
  if (starts_with(path, "\x89HDF", 4)) return describe_hdf5(path);
  if (Json raster = describe_raster(path); !raster.is_null()) return raster;
  return describe_slide(path);
}

}  // namespace wsi_lpd::cli
