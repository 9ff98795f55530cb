#include "wsi_lpd/raster/regions.hpp"

#include <algorithm>
#include <limits>

#include "wsi_lpd/core/runs.hpp"

namespace wsi_lpd::raster {

std::size_t RegionCounter::root(std::size_t region) {
  while (regions_[region].parent != region) {
    regions_[region].parent = regions_[regions_[region].parent].parent;
    region = regions_[region].parent;
  }
  return region;
}

void RegionCounter::close(const Region& region) {
  Count& count = counts_[region.value - 1U];
  ++count.regions;
  count.largest = std::max(count.largest, region.pixels);
}

void RegionCounter::add_row(std::span<const std::uint8_t> labels) {
  std::vector<Run> runs;
  const auto width = static_cast<std::int64_t>(labels.size());
  auto above = runs_.begin();
  for (std::int64_t x = 0; x < width;) {
    const std::uint8_t value = labels[static_cast<std::size_t>(x)];
    const auto end = static_cast<std::int64_t>(core::run_end(labels, static_cast<std::size_t>(x), labels.size()));
    if (value >= 1 && value <= counts_.size()) {
      counts_[value - 1U].pixels += end - x;
      Run run{x, end, value, regions_.size()};
      regions_.push_back({run.region, end - x, value});
      // Runs of the row above that touch this one, corners included; the last may touch the next run as well.
      while (above != runs_.end() && above->end < x) ++above;
      for (auto other = above; other != runs_.end() && other->begin <= end; ++other) {
        if (other->value != value) continue;
        const std::size_t a = root(other->region);
        const std::size_t b = root(run.region);
        if (a == b) continue;
        regions_[b].parent = a;
        regions_[a].pixels += regions_[b].pixels;
      }
      runs.push_back(run);
    }
    x = end;
  }
  // Keep the regions that this row touches, close the others.
  constexpr auto kUnused = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> kept(regions_.size(), kUnused);
  std::vector<Region> open;
  for (Run& run : runs) {
    const std::size_t old = root(run.region);
    if (kept[old] == kUnused) {
      kept[old] = open.size();
      open.push_back({open.size(), regions_[old].pixels, run.value});
    }
    run.region = kept[old];
  }
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    if (regions_[i].parent == i && kept[i] == kUnused) close(regions_[i]);
  }
  regions_ = std::move(open);
  runs_ = std::move(runs);
}

const std::vector<RegionCounter::Count>& RegionCounter::finish() {
  add_row({});
  return counts_;
}

}  // namespace wsi_lpd::raster
