#include "prototype_gallery.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <map>
#include <sstream>

#include "wsi_lpd/image/drawing.hpp"
#include "wsi_lpd/output/patch_sheet.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

constexpr std::size_t kShown = 6;        // tiles of a prototype
constexpr std::size_t kRemembered = 64;  // of which those are chosen that do not overlap
constexpr double kMostGlass = 0.25;      // of a tile's pixels: more shows the slide's glass, not what a prototype stands for
constexpr int kSide = 150;               // pixels of a tile in the picture

std::string caption(const std::string& name, std::size_t prototype, float strongest, float weakest) {
  std::ostringstream text;
  text << name << ", prototype " << prototype + 1 << ": " << std::fixed << std::setprecision(2) << strongest << " to " << weakest;
  return text.str();
}

}  // namespace

PrototypeGallery::PrototypeGallery(const core::TilePlan& plan, const core::ClassScheme& classes, int prototypes_per_class)
    : plan_(plan),
      classes_(classes),
      prototypes_per_class_(static_cast<std::size_t>(prototypes_per_class)),
      strongest_(classes.names.size() * prototypes_per_class_) {}

void PrototypeGallery::add(const core::Tile& tile, std::span<const float> peaks, double glass) {
  if (glass > kMostGlass) return;
  for (std::size_t p = 0; p < strongest_.size(); ++p) {
    auto& known = strongest_[p];
    if (!std::isfinite(peaks[p]) || (known.size() == kRemembered && peaks[p] <= known.back().value)) continue;
    const auto weaker = std::find_if(known.begin(), known.end(), [&](const Response& other) { return other.value < peaks[p]; });
    known.insert(weaker, {peaks[p], tile});
    if (known.size() > kRemembered) known.pop_back();
  }
}

std::vector<PrototypeGallery::Response> PrototypeGallery::apart(const std::vector<Response>& responses) const {
  std::vector<Response> chosen;
  for (const Response& response : responses) {
    const auto overlaps = [&](const Response& other) {
      return std::abs(response.tile.x - other.tile.x) < plan_.tile && std::abs(response.tile.y - other.tile.y) < plan_.tile;
    };
    if (chosen.size() < kShown && std::none_of(chosen.begin(), chosen.end(), overlaps)) chosen.push_back(response);
  }
  return chosen;
}

core::Image PrototypeGallery::draw(const slide::FrameReader& reader) const {
  std::map<std::pair<std::int64_t, std::int64_t>, core::Image> pictures;  // several prototypes may answer to one tile
  const auto picture_of = [&](const core::Tile& tile) {
    const auto [place, is_new] = pictures.try_emplace({tile.y, tile.x});
    if (!is_new) return place->second;
    core::Image pixels(plan_.tile, plan_.tile, 3);
    try {
      reader.read({tile.x, tile.y, plan_.tile, plan_.tile}, pixels.view());
      place->second = image::resize(pixels, {kSide, kSide});
    } catch (const slide::ReadError&) {  // stays blank
    }
    return place->second;
  };
  std::vector<output::SheetRow> rows;
  for (std::size_t p = 0; p < strongest_.size(); ++p) {
    const std::vector<Response> chosen = apart(strongest_[p]);
    if (chosen.empty()) continue;
    output::SheetRow row{
        caption(classes_.names[p / prototypes_per_class_], p % prototypes_per_class_, chosen.front().value, chosen.back().value), {}};
    for (const Response& response : chosen) row.cells.push_back(picture_of(response.tile));
    rows.push_back(std::move(row));
  }
  return output::draw_patch_sheet(std::vector<std::string>(kShown), rows, classes_, kSide);
}

}  // namespace wsi_lpd::pipeline::segment
