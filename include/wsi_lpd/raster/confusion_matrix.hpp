#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace wsi_lpd::raster {

/// Pixel agreement of C tissue classes and a background (index C). Rows are truth, columns prediction.
/// IoU = tp / (row + column − tp), Dice = 2·tp / (row + column). A class that is absent from both truth and prediction has no value (NaN)
/// and is left out of the means. mIoU and mDice are means over the C tissue classes; FwIoU = Σ row/total · IoU includes the background.
/// Not thread-safe: each thread counts in a matrix of its own, and add() joins them.
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(int classes) : classes_(classes), counts_(static_cast<std::size_t>((classes + 1) * (classes + 1))) {}

  /// From counts [C + 1, C + 1], truth by prediction, as returned by counts().
  ConfusionMatrix(int classes, std::vector<std::int64_t> counts);
  const std::vector<std::int64_t>& counts() const { return counts_; }

  int classes() const { return classes_; }
  std::int64_t count(int truth, int prediction) const { return counts_[index(truth, prediction)]; }
  /// Adds pixels with values 0…C. A pair with a larger value is left out.
  void add(std::span<const std::uint8_t> truth, std::span<const std::uint8_t> prediction);
  void add(const ConfusionMatrix& other);

  std::int64_t total() const;
  std::int64_t row(int truth) const;
  double iou(int index) const;
  double dice(int index) const;
  double mean_iou() const;
  double mean_dice() const;
  double frequency_weighted_iou() const;
  /// The highest mIoU that can be reached without looking at the images. Every pixel gets a random class: class c with a probability
  /// proportional to p/(1 − p), where p is its share of the true pixels. With m classes in the truth the result is O / (1 + O) / m, O = Σ
  /// p/(1 − p). NaN for m = 0.
  double chance_mean_iou() const;

 private:
  std::size_t index(int truth, int prediction) const {
    return static_cast<std::size_t>(truth) * static_cast<std::size_t>(classes_ + 1) + static_cast<std::size_t>(prediction);
  }
  std::int64_t column(int prediction) const;

  int classes_;
  std::vector<std::int64_t> counts_;
};

}  // namespace wsi_lpd::raster
