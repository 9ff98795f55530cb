#include "wsi_lpd/model/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model {
namespace {

using torch::Tensor;

struct ScoredImage {
  float score = 0;
  bool present = false;
};

/// The score above which to say "present" so that F1 is largest, midway between two images.
float best_threshold(std::vector<ScoredImage> images) {
  std::sort(images.begin(), images.end(), [](const ScoredImage& a, const ScoredImage& b) { return a.score > b.score; });
  const auto present = static_cast<double>(std::count_if(images.begin(), images.end(), [](const ScoredImage& image) { return image.present; }));
  double hits = 0, best = -1;
  float threshold = images.front().score;
  for (std::size_t i = 0; i < images.size(); ++i) {
    hits += images[i].present;
    const double f1 = 2 * hits / (static_cast<double>(i + 1) + present);
    if (f1 < best || (i + 1 < images.size() && images[i + 1].score == images[i].score)) continue;
    best = f1;
    threshold = i + 1 < images.size() ? (images[i].score + images[i + 1].score) / 2 : images[i].score;
  }
  return threshold;
}

/// The width that makes σ((score − threshold) / width) the likeliest for the labels.
float best_width(const std::vector<ScoredImage>& images, float threshold) {
  double spread = 1e-3;
  for (const ScoredImage& image : images) spread = std::max(spread, static_cast<double>(std::abs(image.score - threshold)));
  double best = HUGE_VAL, width = spread;
  for (double candidate = spread; candidate > spread / 100; candidate *= 0.9) {
    double loss = 0;
    for (const ScoredImage& image : images) {
      const double margin = (image.score - threshold) / candidate * (image.present ? 1 : -1);
      loss += std::log1p(std::exp(-margin));
    }
    if (loss < best) best = loss, width = candidate;
  }
  return static_cast<float>(width);
}

}  // namespace

void Calibrator::add(const std::array<Tensor, 3>& evidence, const Tensor& scores, const Tensor& labels) {
  for (std::size_t s = 0; s < 3; ++s) evidence_[s].push_back(evidence[s].cpu());
  scores_.push_back(scores.cpu());
  labels_.push_back(labels.cpu().clone());
}

Calibration Calibrator::finish() const {
  if (scores_.empty()) throw Error("calibration: no images");
  const Tensor scores = torch::cat(scores_), labels = torch::cat(labels_);
  Calibration calibration;
  for (std::int64_t c = 0; c < scores.size(1); ++c) {
    std::vector<ScoredImage> images;
    for (std::int64_t i = 0; i < scores.size(0); ++i) images.push_back({scores[i][c].item<float>(), labels[i][c].item<float>() > 0.5F});
    calibration.score_threshold.push_back(best_threshold(images));
    calibration.score_width.push_back(best_width(images, calibration.score_threshold.back()));
    for (std::size_t s = 0; s < 3; ++s) {
      const Tensor maps = torch::cat(evidence_[s]).select(1, c).flatten(1);
      const Tensor with = maps.index({labels.select(1, c) > 0.5});
      calibration.map_low[s].push_back(0);
      calibration.map_high[s].push_back(with.size(0) > 0 ? with.amax(1).median().item<float>() + 1e-3F : 1.0F);
    }
  }
  return calibration;
}

}  // namespace wsi_lpd::model
