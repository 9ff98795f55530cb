#include "wsi_lpd/output/statistics_file.hpp"

#include <algorithm>
#include <climits>
#include <nlohmann/json.hpp>

#include "figures.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/exception_text.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/core/utf8.hpp"

namespace wsi_lpd::output {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "wsi-lpd slide statistics";
constexpr int kVersion = 1;  ///< of the schema; raised when a key changes its meaning

Json number(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json class_json(const SlideStatistics& s, std::size_t c) {
  const ClassStatistics& figures = s.per_class[c];
  return {{"name", s.classes.names[c]},
          {"value", c + 1},
          {"colour", core::to_string(s.classes.colours[c])},
          {"pixels", figures.pixels},
          {"mm2", number(square_millimetres(s, figures.pixels))},
          {"fraction_of_tissue", number(ratio(figures.pixels, s.tissue_pixels))},
          {"share_of_classes", number(share_of_classes(s, c))},
          {"share_of_classes_ci95", figures.share_interval ? Json(*figures.share_interval) : Json()},
          {"regions", figures.regions},
          {"largest_region_pixels", figures.largest_region},
          {"largest_region_mm2", number(square_millimetres(s, figures.largest_region))}};
}

/// Of the one method that `statistics` has; null where it has none.
Json stain_json(const core::StainStatistics& statistics) {
  const core::StainNumbers numbers = core::numbers_from_stain(statistics);
  return numbers.empty() ? Json() : Json(numbers.begin()->second);
}

Json stain_json(const StainRecord& record) {
  return {{"method", core::to_string(record.method)},
          {"applied", record.method != core::StainMethod::None && record.problem.empty()},
          {"slide", stain_json(record.slide)},
          {"target", stain_json(record.target)},
          {"problem", record.problem.empty() ? Json() : Json(record.problem)}};
}

Json fit_json(const FitRecord& fit) {
  return {{"features", number(fit.features.share())},    {"stain", number(fit.stain.share())}, {"feature_tiles", fit.features.tiles},
          {"feature_tiles_beyond", fit.features.beyond}, {"stain_tiles", fit.stain.tiles},     {"stain_tiles_beyond", fit.stain.beyond}};
}

StainRecord stain_from_json(const Json& json) {
  StainRecord record;
  record.method = core::parse_stain_method(json.at("method").get<std::string>());
  const auto statistics = [&](const char* whose) {
    return json.at(whose).is_null() ? core::StainStatistics{}
                                    : core::stain_from_numbers({{core::to_string(record.method), json.at(whose)}});
  };
  record.slide = statistics("slide");
  record.target = statistics("target");
  if (const Json& problem = json.at("problem"); !problem.is_null()) problem.get_to(record.problem);
  return record;
}

Json interface_json(const SlideStatistics& s, const raster::Interface& border) {
  return {{"classes", Json::array({s.classes.names[border.first], s.classes.names[border.second]})},
          {"pixels", border.length},
          {"mm", number(millimetres(s, border.length))}};
}

Json shift_json(const SlideStatistics& s) {
  if (s.presence_shift.empty()) return nullptr;
  Json shift;
  for (std::size_t c = 0; c < s.presence_shift.size(); ++c) shift[s.classes.names[c]] = s.presence_shift[c];
  return shift;
}

Json to_json(const SlideStatistics& s) {
  Json classes = Json::array();
  for (std::size_t c = 0; c < s.per_class.size(); ++c) classes.push_back(class_json(s, c));
  Json interfaces = Json::array();
  for (const raster::Interface& border : s.interfaces) interfaces.push_back(interface_json(s, border));
  const core::Frame& frame = s.frame;
  return {
      {"format", kFormat},
      {"version", kVersion},
      {"slide", s.slide},
      {"slide_fingerprint", s.slide_fingerprint},
      {"slide_sample_sha256", s.slide_sample},
      {"model", {{"path", s.model_path}, {"sha256", s.model_sha256}, {"mpp_known", s.model_mpp_known}}},
      {"configuration_sha256", s.configuration_sha256},
      {"configuration", s.configuration},
      {"mpp", frame.mpp > 0 ? Json(frame.mpp) : Json()},
      {"frame",
       {{"level0_bounds", {frame.bounds.x, frame.bounds.y, frame.bounds.width, frame.bounds.height}},
        {"level0_pixels_per_output_pixel", frame.scale},
        {"enlargement", std::max(1.0, frame.enlargement())},
        {"size", {frame.size.width, frame.size.height}},
        {"level0_mpp", frame.slide_mpp > 0 ? Json(frame.slide_mpp) : Json()},
        {"level0_mpp_source", s.mpp_source},
        {"level0_mpp_overruled", s.own_mpp ? Json(*s.own_mpp) : Json()}}},
      {"tissue", {{"pixels", s.tissue_pixels}, {"mm2", number(square_millimetres(s, s.tissue_pixels))}, {"glass_pixels", s.glass_pixels}}},
      {"classes", classes},
      {"background", {{"name", s.classes.background}, {"colour", core::to_string(s.classes.colours.back())}}},
      {"unlabelled", {{"pixels", s.unlabelled_pixels}, {"fraction_of_tissue", number(ratio(s.unlabelled_pixels, s.tissue_pixels))}}},
      {"unreadable", {{"pixels", s.unreadable_pixels}, {"fraction_of_tissue", number(ratio(s.unreadable_pixels, s.tissue_pixels))}}},
      {"tumour_stroma_ratio", number(tumour_stroma_ratio(s))},
      {"til_fraction", number(til_fraction(s))},
      {"interfaces", interfaces},
      {"squares", {{"side_pixels", s.square_side}, {"count", s.squares}, {"mean_entropy_bits", number(s.mean_entropy)}}},
      {"tiles",
       {{"planned", s.tiles_planned},
        {"read", s.tiles_read},
        {"skipped", s.tiles_skipped},
        {"passed_over", s.tiles_passed_over},
        {"unreadable", s.tiles_unreadable},
        {"unreadable_positions", s.unreadable_positions}}},
      {"focus", {{"median", number(s.focus_median)}, {"out_of_focus_fraction", number(s.out_of_focus)}}},
      {"fit", fit_json(s.fit)},
      {"seconds", s.seconds},
      {"peak_memory_bytes", s.peak_memory_bytes},
      {"precision", {{"name", s.precision}, {"agreement", number(s.precision_agreement)}}},
      {"presence_shift", shift_json(s)},
      {"crf", s.crf},
      {"stain_normalisation", stain_json(s.stain)},
      {"warnings", s.warnings},
      {"versions", s.versions},
      {"files", s.files},
      {"sha256", s.hashes}};
}

double number_or_zero(const Json& json) { return json.is_null() ? 0 : json.get<double>(); }
std::optional<double> number_or_nothing(const Json& json) { return json.is_null() ? std::nullopt : std::optional(json.get<double>()); }

/// A hand may have made 0.5 of it, or more than fits. `key` names it.
std::int64_t whole_number_of(const Json& value, const std::string& key) {
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX))
    throw core::Error("'" + key + "' is " + value.dump() + " and no whole number");
  return value;
}
std::int64_t whole_number(const Json& json, const std::string& key) { return whole_number_of(json.at(key), key); }

template <std::size_t Count>
std::array<std::int64_t, Count> whole_numbers_of(const Json& list, const std::string& key) {
  if (!list.is_array() || list.size() != Count)
    throw core::Error("'" + key + "' is " + list.dump() + " and no list of " + std::to_string(Count) + " whole numbers");
  std::array<std::int64_t, Count> numbers;
  for (std::size_t i = 0; i < Count; ++i) numbers[i] = whole_number_of(list[i], key);
  return numbers;
}

/// What files of earlier versions do not have.
void read_scatter(const Json& json, SlideStatistics& s) {
  if (!json.contains("interfaces")) return;
  const auto class_of = [&](const Json& name) {
    const auto found = std::find(s.classes.names.begin(), s.classes.names.end(), name.get<std::string>());
    if (found == s.classes.names.end()) throw core::Error("has an interface of " + name.dump() + ", which is none of its classes");
    return static_cast<std::size_t>(found - s.classes.names.begin());
  };
  for (const Json& border : json.at("interfaces"))
    s.interfaces.push_back({class_of(border.at("classes").at(0)), class_of(border.at("classes").at(1)), border.at("pixels")});
  const Json& squares = json.at("squares");
  s.square_side = static_cast<int>(std::clamp<std::int64_t>(whole_number(squares, "side_pixels"), INT_MIN, INT_MAX));
  s.squares = whole_number(squares, "count");
  if (const Json& entropy = squares.at("mean_entropy_bits"); !entropy.is_null()) s.mean_entropy = entropy.get<double>();
  for (std::size_t c = 0; c < s.per_class.size(); ++c) {
    const Json& interval = json.at("classes").at(c).at("share_of_classes_ci95");
    if (!interval.is_null()) s.per_class[c].share_interval = interval.get<std::array<double, 2>>();
  }
}

SlideStatistics from_json(const Json& json) {
  if (json.at("format") != kFormat) throw core::Error("is not a statistics file of this program");
  if (json.at("version") != kVersion)
    throw core::Error("its version is " + json.at("version").dump() + ", and " + std::to_string(kVersion) + " is known");
  SlideStatistics s;
  s.slide = core::bytes_of_utf8(json.at("slide").get<std::string>());
  json.at("slide_fingerprint").get_to(s.slide_fingerprint);
  s.slide_sample = json.value("slide_sample_sha256", "");
  json.at("model").at("path").get_to(s.model_path);
  json.at("model").at("sha256").get_to(s.model_sha256);
  json.at("model").at("mpp_known").get_to(s.model_mpp_known);
  json.at("configuration_sha256").get_to(s.configuration_sha256);
  s.configuration = json.value("configuration", s.configuration);
  const Json& frame = json.at("frame");
  const auto bounds = whole_numbers_of<4>(frame.at("level0_bounds"), "level0_bounds");
  const auto size = whole_numbers_of<2>(frame.at("size"), "size");
  s.frame.bounds = {bounds[0], bounds[1], bounds[2], bounds[3]};
  s.frame.size = {size[0], size[1]};
  s.frame.scale = frame.at("level0_pixels_per_output_pixel");
  s.frame.mpp = number_or_zero(json.at("mpp"));
  s.frame.slide_mpp = number_or_zero(frame.at("level0_mpp"));
  frame.at("level0_mpp_source").get_to(s.mpp_source);
  if (const double own = number_or_zero(frame.value("level0_mpp_overruled", Json())); own > 0) s.own_mpp = own;
  s.tissue_pixels = whole_number(json.at("tissue"), "pixels");
  if (json.at("tissue").contains("glass_pixels"))
    s.glass_pixels = whole_number(json.at("tissue"), "glass_pixels");  // younger than the format
  for (const Json& entry : json.at("classes")) {
    s.classes.names.push_back(entry.at("name"));
    s.classes.colours.push_back(core::parse_colour(entry.at("colour")));
    s.per_class.push_back({.pixels = whole_number(entry, "pixels"),
                           .regions = whole_number(entry, "regions"),
                           .largest_region = whole_number(entry, "largest_region_pixels")});
  }
  json.at("background").at("name").get_to(s.classes.background);
  s.classes.colours.push_back(core::parse_colour(json.at("background").at("colour")));
  read_scatter(json, s);
  s.unlabelled_pixels = whole_number(json.at("unlabelled"), "pixels");
  s.unreadable_pixels = whole_number(json.at("unreadable"), "pixels");
  const Json& tiles = json.at("tiles");
  s.tiles_planned = whole_number(tiles, "planned");
  s.tiles_read = whole_number(tiles, "read");
  s.tiles_skipped = whole_number(tiles, "skipped");
  s.tiles_unreadable = whole_number(tiles, "unreadable");
  if (tiles.contains("passed_over")) s.tiles_passed_over = whole_number(tiles, "passed_over");  // younger than the format
  if (tiles.contains("unreadable_positions")) {
    for (const Json& position : tiles.at("unreadable_positions"))
      s.unreadable_positions.push_back(whole_numbers_of<2>(position, "unreadable_positions"));
  }
  if (json.contains("focus")) {  // older results have none
    s.focus_median = number_or_nothing(json.at("focus").at("median"));
    s.out_of_focus = number_or_nothing(json.at("focus").at("out_of_focus_fraction"));
  }
  if (json.contains("fit")) {  // older results have none
    const Json& fit = json.at("fit");
    s.fit = {{whole_number(fit, "feature_tiles"), whole_number(fit, "feature_tiles_beyond")},
             {whole_number(fit, "stain_tiles"), whole_number(fit, "stain_tiles_beyond")}};
  }
  json.at("seconds").get_to(s.seconds);
  s.peak_memory_bytes = whole_number(json, "peak_memory_bytes");
  json.at("precision").at("name").get_to(s.precision);
  s.precision_agreement = number_or_nothing(json.at("precision").at("agreement"));
  if (const Json shift = json.value("presence_shift", Json()); !shift.is_null()) {  // younger than the format
    for (const std::string& name : s.classes.names) s.presence_shift.push_back(shift.at(name).get<double>());
  }
  s.crf = json.value("crf", false);
  if (json.contains("stain_normalisation")) s.stain = stain_from_json(json.at("stain_normalisation"));  // younger than the format
  json.at("warnings").get_to(s.warnings);
  json.at("versions").get_to(s.versions);
  if (json.contains("files")) {  // older results have none
    for (const auto& [suffix, bytes] : json.at("files").items()) s.files[suffix] = whole_number(json.at("files"), suffix);
  }
  if (json.contains("sha256")) json.at("sha256").get_to(s.hashes);
  return s;
}

}  // namespace

std::string json_text(const StainRecord& record) { return stain_json(record).dump(); }

void write_statistics(const std::filesystem::path& path, const SlideStatistics& statistics) {
  validate(statistics.classes);
  if (statistics.per_class.size() != statistics.classes.names.size())
    throw core::Error("writing " + path.string() + ": figures of some classes are missing");
  core::write_text_file(path, core::json_text(to_json(statistics), 2) + "\n");
}

std::optional<SlideStatistics> read_statistics(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  const std::string text = core::read_text_file(path);
  return core::with_context("reading " + path.string(), [&] {
    if (core::is_deep_json(text)) throw core::Error("is not a statistics file of this program, or damaged (its lists have no end)");
    try {
      return from_json(Json::parse(text));
    } catch (const Json::exception& error) {
      throw core::Error("is not a statistics file of this program, or damaged (" + core::exception_text(error) + ")");
    }
  });
}

}  // namespace wsi_lpd::output
