#include "band_counts.hpp"

#include <algorithm>
#include <cmath>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/raster/border_distance.hpp"

namespace wsi_lpd::pipeline::review {

std::uint32_t squared_at(double um, double mpp) {
  constexpr double kRounding = 1e-12;  // a distance of just the bound is at it
  const double reach = um / mpp + 0.5;
  if (reach > static_cast<double>(raster::BorderDistance::kMostReach))
    throw core::Error("a distance of " + core::shortest(um) + " um is beyond " + std::to_string(raster::BorderDistance::kMostReach) +
                      " pixels of " + core::shortest(mpp) + " um: choose one of at most " +
                      std::to_string(static_cast<std::int64_t>((raster::BorderDistance::kMostReach - 0.5) * mpp)) + " um");
  return static_cast<std::uint32_t>(std::ceil(reach * reach * (1 - kRounding)));
}

BandCounts::BandCounts(const Bands& bands, double mpp, int classes) : tallies_(bands.bounds.size() - 1, Tally(classes)) {
  for (const double bound : bands.bounds) bounds_.push_back({bound, bound <= 0, squared_at(std::abs(bound), mpp)});
}

std::uint32_t BandCounts::limit() const { return std::max(bounds_.front().squared, bounds_.back().squared); }

void BandCounts::add(bool inside, std::uint8_t label, std::span<const std::uint32_t> squared) {
  const auto beyond = [&](const Bound& bound) {  // how many are beyond a bound, where all of the next bound are, too
    const auto nearer = std::ranges::count_if(squared, [&](std::uint32_t each) { return each < bound.squared; });
    const auto all = static_cast<std::int64_t>(squared.size());
    if (inside) return bound.inside ? nearer : 0;
    return bound.inside ? all : all - nearer;
  };
  std::int64_t pixels = beyond(bounds_[0]);
  for (std::size_t i = 0; i < tallies_.size() && pixels > 0; ++i) {
    const std::int64_t next = beyond(bounds_[i + 1]);
    tallies_[i].add(label, pixels - next);
    pixels = next;
  }
}

void BandCounts::add_parts(const std::string& of, std::vector<output::RegionPart>& parts) const {
  for (std::size_t i = 0; i < tallies_.size(); ++i) {
    const std::string name = output::band_name(of, bounds_[i].um, bounds_[i + 1].um);
    const auto is_same = [&](const output::RegionPart& part) { return part.name == name; };  // of another option
    if (std::ranges::none_of(parts, is_same)) parts.push_back({name, tallies_[i].composition()});
  }
}

DistanceCounts::DistanceCounts(std::size_t from, std::size_t to, double maximum, double mpp)
    : from_(from), to_(to), maximum_(maximum), mpp_(mpp), limit_(squared_at(maximum, mpp)) {}

void DistanceCounts::add(std::uint8_t label, std::span<const std::uint32_t> squared) {
  if (label != from_ + 1) return;
  pixels_ += static_cast<std::int64_t>(squared.size());
  for (const std::uint32_t each : squared) {
    if (each >= limit_) {
      ++beyond_;
      continue;
    }
    const double distance = std::sqrt(static_cast<double>(each)) - 0.5;
    sum_ += distance;
    const auto tenths = static_cast<std::size_t>(std::lround(10 * distance));
    if (at_tenth_.size() <= tenths) at_tenth_.resize(tenths + 1);
    ++at_tenth_[tenths];
  }
}

output::ClassDistance DistanceCounts::result() const {
  output::ClassDistance result{from_, to_, maximum_, pixels_, beyond_, {}, {}};
  if (pixels_ > beyond_) result.mean = sum_ / static_cast<double>(pixels_ - beyond_) * mpp_;
  std::int64_t passed = 0;
  std::size_t next = 0;  // of the quantiles
  for (std::size_t tenths = 0; tenths < at_tenth_.size(); ++tenths) {
    passed += at_tenth_[tenths];
    for (; next < result.kShares.size() && static_cast<double>(passed) >= result.kShares[next] * static_cast<double>(pixels_); ++next)
      result.quantiles[next] = static_cast<double>(tenths) / 10 * mpp_;
  }
  return result;
}

}  // namespace wsi_lpd::pipeline::review
