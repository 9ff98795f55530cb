#include "wsi_lpd/raster/confusion_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::raster {
namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : std::numeric_limits<double>::quiet_NaN(); }

template <class Value>
double mean_of_defined(int count, Value value) {
  double sum = 0;
  int defined = 0;
  for (int c = 0; c < count; ++c) {
    if (const double v = value(c); !std::isnan(v)) {
      sum += v;
      ++defined;
    }
  }
  return ratio(sum, defined);
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(int classes, std::vector<std::int64_t> counts) : ConfusionMatrix(classes) {
  if (counts.size() != counts_.size()) throw core::Error("confusion matrix: " + std::to_string(counts.size()) + " counts do not fit");
  counts_ = std::move(counts);
}

void ConfusionMatrix::add(std::span<const std::uint8_t> truth, std::span<const std::uint8_t> prediction) {
  const std::size_t pixels = std::min(truth.size(), prediction.size());
  for (std::size_t i = 0; i < pixels; ++i) {
    if (truth[i] <= classes_ && prediction[i] <= classes_) ++counts_[index(truth[i], prediction[i])];
  }
}

void ConfusionMatrix::add(const ConfusionMatrix& other) {
  for (std::size_t i = 0; i < counts_.size() && i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
}

std::int64_t ConfusionMatrix::total() const { return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0}); }

std::int64_t ConfusionMatrix::row(int truth) const {
  std::int64_t sum = 0;
  for (int p = 0; p <= classes_; ++p) sum += count(truth, p);
  return sum;
}

std::int64_t ConfusionMatrix::column(int prediction) const {
  std::int64_t sum = 0;
  for (int t = 0; t <= classes_; ++t) sum += count(t, prediction);
  return sum;
}

double ConfusionMatrix::iou(int index) const {
  const auto hit = static_cast<double>(count(index, index));
  return ratio(hit, static_cast<double>(row(index) + column(index)) - hit);
}

double ConfusionMatrix::dice(int index) const {
  return ratio(2.0 * static_cast<double>(count(index, index)), static_cast<double>(row(index) + column(index)));
}

double ConfusionMatrix::mean_iou() const {
  return mean_of_defined(classes_, [this](int c) { return iou(c); });
}

double ConfusionMatrix::mean_dice() const {
  return mean_of_defined(classes_, [this](int c) { return dice(c); });
}

double ConfusionMatrix::frequency_weighted_iou() const {
  double sum = 0;
  for (int c = 0; c <= classes_; ++c) {
    if (row(c) > 0) sum += static_cast<double>(row(c)) * iou(c);
  }
  return ratio(sum, static_cast<double>(total()));
}

// A class of share p that is drawn with probability q has the IoU pq / (p + q − pq), concave in q: where all slopes are equal, the mean is
// highest, and that is at q proportional to p/(1 − p). One class alone in all pixels has infinite odds and is always right.
double ConfusionMatrix::chance_mean_iou() const {
  double odds = 0;
  int present = 0;
  for (int c = 0; c < classes_; ++c) {
    if (row(c) == 0) continue;
    if (row(c) == total()) return 1;
    odds += static_cast<double>(row(c)) / static_cast<double>(total() - row(c));
    ++present;
  }
  return ratio(odds / (1 + odds), present);
}

}  // namespace wsi_lpd::raster
