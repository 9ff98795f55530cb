#include "wsi_lpd/output/statistics.hpp"

#include <cmath>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::output {
namespace {

bool is_share(const std::optional<double>& value) { return !value || (*value >= 0 && *value <= 1); }
bool is_amount(double value) { return std::isfinite(value) && value >= 0; }

bool is_possible(const core::Frame& frame) {
  constexpr std::int64_t kMostPixels = INT32_MAX;     // as make_frame() has it
  constexpr double kMostScale = 1e6, kMostMpp = 1e6;  // far beyond any slide's
  const auto is_side = [](std::int64_t side) { return side > 0 && side <= kMostPixels; };
  const auto is_origin = [](std::int64_t at) { return at >= -kMostPixels && at <= kMostPixels; };
  const core::Rect& bounds = frame.bounds;
  return is_side(frame.size.width) && is_side(frame.size.height) && is_side(bounds.width) && is_side(bounds.height) &&
         is_origin(bounds.x) && is_origin(bounds.y) && frame.scale > 0 && frame.scale <= kMostScale && frame.mpp >= 0 &&
         frame.mpp <= kMostMpp && frame.slide_mpp >= 0 && frame.slide_mpp <= kMostMpp;
}

}  // namespace

std::vector<TissueShare> tissue_shares(const SlideStatistics& s) {
  std::vector<TissueShare> shares;
  const auto add = [&](const std::string& name, std::size_t value, std::int64_t pixels) {
    shares.push_back({name, static_cast<std::uint8_t>(value), static_cast<double>(pixels) / static_cast<double>(s.tissue_pixels)});
  };
  if (s.tissue_pixels == 0) return shares;
  for (std::size_t c = 0; c < s.per_class.size(); ++c) add(s.classes.names[c], c + 1, s.per_class[c].pixels);
  add("no class", core::kNotTissue, s.unlabelled_pixels);
  if (s.unreadable_pixels > 0) add("unreadable", core::kUnreadable, s.unreadable_pixels);
  return shares;
}

void validate(const SlideStatistics& s) {
  validate(s.classes);
  if (!is_possible(s.frame)) throw core::Error("its frame is impossible");
  const auto is_count = [most = s.frame.size.area()](std::int64_t count) { return count >= 0 && count <= most; };
  bool possible = true;
  for (const std::int64_t count :
       {s.tissue_pixels, s.glass_pixels, s.unlabelled_pixels, s.unreadable_pixels, s.tiles_read, s.tiles_skipped, s.tiles_unreadable,
        s.tiles_planned, s.tiles_passed_over, s.squares, static_cast<std::int64_t>(s.square_side)}) {
    possible = possible && is_count(count);
  }
  for (const FitShare& share : {s.fit.features, s.fit.stain})
    possible = possible && is_count(share.tiles) && is_count(share.beyond) && share.beyond <= share.tiles;
  for (const ClassStatistics& figures : s.per_class) {
    possible = possible && is_count(figures.pixels) && is_count(figures.regions) && is_count(figures.largest_region) &&
               figures.largest_region <= figures.pixels;
    if (const auto& interval = figures.share_interval) possible = possible && is_share(interval->at(0)) && is_share(interval->at(1));
  }
  if (!possible) throw core::Error("it has counts that are negative or more than its pixels, or a largest region larger than its class");
  possible = s.peak_memory_bytes >= 0 && is_share(s.focus_median) && is_share(s.out_of_focus) && is_share(s.precision_agreement) &&
             is_amount(s.mean_entropy.value_or(0));
  for (const auto& [suffix, bytes] : s.files) possible = possible && bytes >= 0;
  for (const raster::Interface& border : s.interfaces) possible = possible && is_amount(border.length);
  for (const auto& [stage, seconds] : s.seconds) possible = possible && is_amount(seconds);
  if (!possible) throw core::Error("it has shares that are not between 0 and 1, or lengths, times or sizes that cannot be");
}

}  // namespace wsi_lpd::output
