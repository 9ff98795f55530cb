#include "bands.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "band_counts.hpp"
#include "region_rows.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/raster/border_distance.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

using raster::BorderDistance;

std::size_t class_of(const std::string& name, const output::SlideStatistics& slide) {
  const auto& names = slide.classes.names;
  return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
}

// In rows of a region's margin: 7 bits of label, and one that says whether the pixel is in the region.
constexpr std::uint8_t kInRegion = 0x80;
static_assert(core::kMaxClasses < (core::kUnreadable & ~kInRegion));
std::uint8_t packed(std::uint8_t label, std::uint8_t inside) {
  return static_cast<std::uint8_t>((label & ~kInRegion) | (inside ? kInRegion : 0));
}
std::uint8_t unpacked(std::uint8_t value) {
  const auto label = static_cast<std::uint8_t>(value & ~kInRegion);
  return label > core::kMaxClasses ? label | kInRegion : label;
}

}  // namespace

/// Bands and distances from the border of one class, in all regions.
class BandsMeasuring::ClassBorder {
 public:
  ClassBorder(std::size_t of, const std::vector<slide::Annotation>& regions, const output::SlideStatistics& slide,
              const MeasureOptions& options)
      : name_(slide.classes.names[of]), value_(static_cast<std::uint8_t>(of + 1)), rows_(regions, slide.frame) {
    Counts counts;
    for (const Bands& bands : options.class_bands) {
      if (bands.of != name_) continue;
      core::with_context("--bands " + name_, [&] { counts.bands.emplace_back(bands, slide.frame.mpp, slide.classes.count()); });
      limit_ = std::max(limit_, counts.bands.back().limit());
    }
    for (const DistanceBetween& each : options.distances) {
      if (each.to != name_) continue;
      core::with_context("--distance " + each.from + ":" + each.to,
                         [&] { counts.distances.emplace_back(class_of(each.from, slide), of, each.maximum, slide.frame.mpp); });
      limit_ = std::max(limit_, counts.distances.back().limit());
    }
    if (counts.bands.empty() && counts.distances.empty()) return;
    counts_.assign(regions.size(), counts);
    distance_.emplace(slide.frame.size.width, raster::Inside{0xFF, value_}, limit_,
                      [this](std::span<const std::uint8_t> labels, std::span<const std::uint32_t> squared) { count(labels, squared); });
  }

  bool empty() const { return counts_.empty(); }
  std::uint32_t limit() const { return limit_; }
  void add_row(std::span<const std::uint8_t> labels) { distance_->add_row(labels); }
  void finish(std::vector<output::RegionStatistics>& regions) {
    distance_->finish();
    for (std::size_t i = 0; i < regions.size(); ++i) {
      for (const BandCounts& bands : counts_[i].bands) bands.add_parts(name_, regions[i].parts);
      for (const DistanceCounts& distances : counts_[i].distances) regions[i].distances.push_back(distances.result());
    }
  }

 private:
  struct Counts {
    std::vector<BandCounts> bands;
    std::vector<DistanceCounts> distances;
  };

  void count(std::span<const std::uint8_t> labels, std::span<const std::uint32_t> squared) {
    rows_.visit(y_++, labels, [&](std::size_t region, std::span<const std::uint8_t> row) {
      const auto of_row = squared.subspan(static_cast<std::size_t>(rows_.box(region).x), row.size());
      visit_runs(row, [&](std::uint8_t label, std::size_t begin, std::size_t end) {
        const auto of_run = of_row.subspan(begin, end - begin);
        for (BandCounts& bands : counts_[region].bands) bands.add(label == value_, label, of_run);
        for (DistanceCounts& distances : counts_[region].distances) distances.add(label, of_run);
      });
    });
  }

  std::string name_;
  std::uint8_t value_;
  std::uint32_t limit_ = 1;
  RegionRows rows_;
  std::vector<Counts> counts_;  // [region]
  std::optional<BorderDistance> distance_;
  std::int64_t y_ = 0;  // of the next row to be counted
};

/// Bands along the border of one region.
class BandsMeasuring::Margin {
 public:
  Margin(std::size_t region, const slide::Annotation& annotation, const output::SlideStatistics& slide, const MeasureOptions& options)
      : region_(region), fill_(annotation, slide.frame) {
    for (const Bands& bands : options.region_bands) {
      if (!bands.of.empty() && bands.of != annotation.class_name) continue;
      core::with_context("--annotation-bands" + (bands.of.empty() ? "" : " " + bands.of),
                         [&] { bands_.emplace_back(bands, slide.frame.mpp, slide.classes.count()); });
      limit_ = std::max(limit_, bands_.back().limit());
    }
    const core::Rect& box = fill_.box();
    if (box.empty()) return;
    const std::int64_t around = BorderDistance::reach(limit_) + 1;
    window_ = core::intersection({box.x - around, box.y - around, box.width + 2 * around, box.height + 2 * around},
                                 {0, 0, slide.frame.size.width, slide.frame.size.height});
  }

  bool empty() const { return bands_.empty(); }
  /// What lies on the slide of the region and what its bands reach.
  const core::Rect& window() const { return window_; }
  std::int64_t memory() const { return BorderDistance::memory(window_.width, window_.height, limit_); }

  void add_row(std::int64_t y, std::span<const std::uint8_t> labels) {
    if (y < window_.y || y >= window_.bottom()) return;
    const auto width = static_cast<std::size_t>(window_.width);
    if (!distance_)
      distance_.emplace(window_.width, raster::Inside{kInRegion, kInRegion}, limit_,
                        [this](std::span<const std::uint8_t> row, std::span<const std::uint32_t> squared) { count(row, squared); });
    row_.resize(width);
    fill_.paint(y, window_.x, row_);
    for (std::size_t x = 0; x < width; ++x) row_[x] = packed(labels[static_cast<std::size_t>(window_.x) + x], row_[x]);
    distance_->add_row(row_);
    if (y + 1 < window_.bottom()) return;
    distance_->finish();
    distance_.reset();
  }
  void finish(std::vector<output::RegionStatistics>& regions) const {
    for (const BandCounts& bands : bands_) bands.add_parts("", regions[region_].parts);
  }

 private:
  void count(std::span<const std::uint8_t> row, std::span<const std::uint32_t> squared) {
    for (std::size_t begin = 0, end = 0; begin < row.size(); begin = end) {
      end = core::run_end(row, begin, row.size());
      const std::uint8_t label = unpacked(row[begin]);
      if (label == kLeftOut) continue;
      for (BandCounts& bands : bands_) bands.add((row[begin] & kInRegion) != 0, label, squared.subspan(begin, end - begin));
    }
  }

  std::size_t region_;
  RegionFill fill_;
  std::uint32_t limit_ = 1;
  core::Rect window_;
  std::vector<BandCounts> bands_;
  std::optional<BorderDistance> distance_;  // while rows of the window stream by
  std::vector<std::uint8_t> row_;
};

BandsMeasuring::BandsMeasuring(const std::vector<slide::Annotation>& regions, const output::SlideStatistics& slide,
                               const MeasureOptions& options) {
  if (slide.frame.mpp <= 0 && !(options.class_bands.empty() && options.region_bands.empty() && options.distances.empty()))
    throw core::Error("its um per pixel are unknown, which distances need: segment it again with --mpp");
  for (std::size_t c = 0; c < slide.classes.names.size(); ++c) {
    auto border = std::make_unique<ClassBorder>(c, regions, slide, options);
    if (!border->empty()) borders_.push_back(std::move(border));
  }
  for (std::size_t i = 0; i < regions.size() && !options.region_bands.empty(); ++i) {
    auto margin = std::make_unique<Margin>(i, regions[i], slide, options);
    if (!margin->empty()) margins_.push_back(std::move(margin));
  }
  check_memory(slide.frame.size);
}

BandsMeasuring::~BandsMeasuring() = default;

void BandsMeasuring::check_memory(const core::Size& size) const {
  std::int64_t now = 0, most = 0;
  for (const auto& border : borders_) now += BorderDistance::memory(size.width, size.height, border->limit());
  std::multimap<std::int64_t, std::int64_t> changes;  // row to bytes that are held from there on
  for (const auto& margin : margins_) {
    changes.emplace(margin->window().y, margin->memory());
    changes.emplace(margin->window().bottom(), -margin->memory());
  }
  most = now;
  for (const auto& [row, bytes] : changes) most = std::max(most, now += bytes);
  if (most > kMostMemory)
    throw core::Error("its bands and distances would take " + std::to_string(most >> 20U) + " MiB, and at most " +
                      std::to_string(kMostMemory >> 20U) + " are taken: choose shorter distances, fewer classes or fewer regions");
}

bool BandsMeasuring::empty() const { return borders_.empty() && margins_.empty(); }

void BandsMeasuring::add_row(std::span<const std::uint8_t> labels) {
  for (const auto& border : borders_) border->add_row(labels);
  for (const auto& margin : margins_) margin->add_row(y_, labels);
  ++y_;
}

void BandsMeasuring::finish(std::vector<output::RegionStatistics>& regions) {
  for (const auto& border : borders_) border->finish(regions);
  for (const auto& margin : margins_) margin->finish(regions);
}

}  // namespace wsi_lpd::pipeline::review
