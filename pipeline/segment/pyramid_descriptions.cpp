#include "pyramid_descriptions.hpp"

#include <nlohmann/json.hpp>

#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/output/overlay.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using Json = nlohmann::ordered_json;

/// What a reader of a raster alone must know: where it lies on the slide. Pixels are `cell` output pixels wide.
Json placement(const core::Frame& frame, int cell, const std::filesystem::path& slide) {
  return {{"software", "wsi-lpd"},
          {"slide", slide.filename().string()},
          {"level0_bounds", {frame.bounds.x, frame.bounds.y, frame.bounds.width, frame.bounds.height}},
          {"level0_pixels_per_pixel", frame.scale * cell},
          {"mpp", frame.mpp > 0 ? Json(frame.mpp * cell) : Json()}};
}

std::string text_of(const Json& json) { return core::json_text(json, -1, true); }

}  // namespace

image::PyramidOptions label_pyramid_options(const core::Frame& frame, const core::ClassScheme& classes, const std::filesystem::path& slide,
                                            bool ome) {
  std::vector<std::pair<std::string, std::string>> values{{std::to_string(core::kNotTissue), "not tissue"}};
  for (const std::string& name : classes.names) values.emplace_back(std::to_string(values.size()), name);
  values.emplace_back(std::to_string(core::kUnreadable), "unreadable");

  Json json = placement(frame, 1, slide);
  for (const auto& [value, meaning] : values) json["values"][value] = meaning;
  image::PyramidOptions options;
  options.reduction = image::PyramidOptions::Reduction::Mode;
  options.mpp = frame.mpp;
  options.description = text_of(json);
  options.palette = output::result_palette(classes);
  if (ome) options.ome = {.name = slide.filename().string(), .channels = {{"classes"}}, .notes = values};
  return options;
}

image::PyramidOptions probability_pyramid_options(const core::Frame& frame, int cell, const core::ClassScheme& classes,
                                                  const std::filesystem::path& slide) {
  Json json = placement(frame, cell, slide);
  json["units"] = "1/255";
  json["channels"] = classes.names;
  image::PyramidOptions options;
  options.reduction = image::PyramidOptions::Reduction::Mean;
  options.tile = 256;
  options.mpp = frame.mpp * cell;
  options.description = text_of(json);
  options.ome = {.name = slide.filename().string(), .channels = {}, .notes = {{"units", "1/255"}}};
  for (std::size_t c = 0; c < classes.names.size(); ++c) options.ome->channels.push_back({classes.names[c], classes.colours[c]});
  return options;
}

}  // namespace wsi_lpd::pipeline::segment
