#include "wsi_lpd/raster/boundary_score.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::raster {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint8_t kLeftOut = 255;

double share(std::int64_t part, std::int64_t whole) { return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : kNone; }

/// Takes the columns out of `open` that have one of `others` no farther than `reach` away. Both ascend.
void take_matched(std::vector<std::int32_t>& open, const std::vector<std::int32_t>& others, std::int64_t reach) {
  std::size_t other = 0;
  std::erase_if(open, [&](std::int32_t x) {
    while (other < others.size() && others[other] < x - reach) ++other;
    return other < others.size() && others[other] <= x + reach;
  });
}

/// Adds the columns of boundary pixels of `row`, whose neighbours are in `above` and `below` (empty at the raster's edge).
void add_boundaries(const std::vector<std::uint8_t>& above, const std::vector<std::uint8_t>& row, const std::vector<std::uint8_t>& below,
                    int classes, std::vector<std::vector<std::int32_t>>& columns) {
  const std::size_t width = row.size();
  const std::uint8_t* up = above.empty() ? row.data() : above.data();
  const std::uint8_t* down = below.empty() ? row.data() : below.data();
  // Most pixels are like all their neighbours: loops that become vector instructions find the others.
  std::vector<std::uint8_t> different(static_cast<std::size_t>(core::divide_up(static_cast<std::int64_t>(width), 8) * 8));
  for (std::size_t x = 0; x < width; ++x) different[x] = (row[x] != up[x]) | (row[x] != down[x]);
  for (std::size_t x = 1; x < width; ++x) different[x] |= row[x] != row[x - 1];
  for (std::size_t x = 1; x < width; ++x) different[x - 1] |= row[x] != row[x - 1];
  const auto differs = [&](std::uint8_t value, std::uint8_t neighbour) { return neighbour != value && neighbour != kLeftOut; };
  for (std::size_t start = 0; start < width; start += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, different.data() + start, sizeof eight);
    if (eight == 0) continue;
    for (std::size_t x = start; x < std::min(start + 8, width); ++x) {
      const std::uint8_t value = row[x];
      if (value < classes && (differs(value, up[x]) || differs(value, down[x]) || (x > 0 && differs(value, row[x - 1])) ||
                              (x + 1 < width && differs(value, row[x + 1]))))
        columns[value].push_back(static_cast<std::int32_t>(x));
    }
  }
}

}  // namespace

BoundaryCounts& BoundaryCounts::operator+=(const BoundaryCounts& other) {
  truth += other.truth;
  truth_matched += other.truth_matched;
  predicted += other.predicted;
  predicted_matched += other.predicted_matched;
  return *this;
}

double BoundaryCounts::precision() const { return share(predicted_matched, predicted); }
double BoundaryCounts::recall() const { return share(truth_matched, truth); }

double BoundaryCounts::f1() const {
  if (truth == 0 && predicted == 0) return kNone;
  if (truth_matched == 0 || predicted_matched == 0) return 0;
  return 2 * precision() * recall() / (precision() + recall());
}

double mean_f1(const std::vector<BoundaryCounts>& classes) {
  double sum = 0;
  std::int64_t defined = 0;
  for (const BoundaryCounts& counts : classes) {
    if (std::isnan(counts.f1())) continue;
    sum += counts.f1();
    ++defined;
  }
  return defined > 0 ? sum / static_cast<double>(defined) : kNone;
}

BoundaryScore::BoundaryScore(int classes, double tolerance, double pixel_width, double pixel_height)
    : classes_(classes), counts_(static_cast<std::size_t>(classes)) {
  constexpr double kRounding = 1e-9;  // a distance of just the tolerance is within it
  for (std::int64_t dy = 0; static_cast<double>(dy) * pixel_height <= tolerance * (1 + kRounding); ++dy) {
    const double down = static_cast<double>(dy) * pixel_height;
    const double across = std::sqrt(std::max(0.0, tolerance * tolerance - down * down));
    reach_.push_back(static_cast<std::int64_t>(std::floor(across / pixel_width * (1 + kRounding) + kRounding)));
  }
}

void BoundaryScore::add_row(std::span<const std::uint8_t> truth, std::span<const std::uint8_t> predicted) {
  for (auto* rows : {truth_, predicted_}) {
    std::swap(rows[0], rows[1]);
    std::swap(rows[1], rows[2]);
  }
  truth_[2].assign(truth.begin(), truth.end());
  predicted_[2].assign(predicted.begin(), predicted.end());
  for (std::size_t x = 0; x < truth.size(); ++x) {
    if (truth[x] > classes_ || predicted[x] > classes_) truth_[2][x] = predicted_[2][x] = kLeftOut;
  }
  if (++rows_ > 1) find_boundaries();
}

/// Of the middle one of the three rows; then scores what has all rows around it.
void BoundaryScore::find_boundaries() {
  const auto classes = static_cast<std::size_t>(classes_);
  Boundaries& row =
      window_.emplace_back(Boundaries{std::vector<std::vector<std::int32_t>>(classes), std::vector<std::vector<std::int32_t>>(classes)});
  add_boundaries(truth_[0], truth_[1], truth_[2], classes_, row.truth);
  add_boundaries(predicted_[0], predicted_[1], predicted_[2], classes_, row.predicted);
  ++found_;
  const auto margin = static_cast<std::int64_t>(reach_.size()) - 1;
  if (found_ > margin) score_row(found_ - 1 - margin);
}

void BoundaryScore::score_row(std::int64_t row) {
  const auto margin = static_cast<std::int64_t>(reach_.size()) - 1;
  const std::int64_t first = std::max<std::int64_t>(0, row - margin);  // that the window has
  const auto at = [&](std::int64_t y) -> const Boundaries& { return window_[static_cast<std::size_t>(y - first)]; };
  const auto unmatched = [&](const std::vector<std::int32_t>& columns, auto others) {
    std::vector<std::int32_t> open = columns;
    for (std::int64_t dy = 0; dy <= margin && !open.empty(); ++dy) {
      const std::int64_t reach = reach_[static_cast<std::size_t>(dy)];
      if (row - dy >= 0) take_matched(open, others(at(row - dy)), reach);
      if (dy > 0 && row + dy < found_ && !open.empty()) take_matched(open, others(at(row + dy)), reach);
    }
    return static_cast<std::int64_t>(open.size());
  };
  for (std::size_t c = 0; c < counts_.size(); ++c) {
    const auto &truth = at(row).truth[c], &predicted = at(row).predicted[c];
    BoundaryCounts& counts = counts_[c];
    counts.truth += static_cast<std::int64_t>(truth.size());
    counts.predicted += static_cast<std::int64_t>(predicted.size());
    const std::int64_t missed = unmatched(
        truth, [c](const Boundaries& others) -> const auto& { return others.predicted[c]; });
    const std::int64_t wrong = unmatched(
        predicted, [c](const Boundaries& others) -> const auto& { return others.truth[c]; });
    counts.truth_matched += static_cast<std::int64_t>(truth.size()) - missed;
    counts.predicted_matched += static_cast<std::int64_t>(predicted.size()) - wrong;
  }
  ++scored_;
  if (row + 1 - margin > 0) window_.pop_front();
}

std::vector<BoundaryCounts> BoundaryScore::finish() {
  if (rows_ > 0) {  // the last row has none below
    for (auto* rows : {truth_, predicted_}) {
      std::swap(rows[0], rows[1]);
      std::swap(rows[1], rows[2]);
      rows[2].clear();
    }
    find_boundaries();
  }
  while (scored_ < found_) score_row(scored_);
  return counts_;
}

}  // namespace wsi_lpd::raster
