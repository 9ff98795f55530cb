#pragma once
#include <cstdint>
#include <future>

#include "wsi_lpd/pipeline/training/patch_loader.hpp"

namespace wsi_lpd::pipeline::training {

/// How training images are drawn and changed; 0 leaves each out.
struct StreamOptions {
  double balance = 0;       ///< share of the draws that go class by class, each class as often, instead of image by image
  double scale_jitter = 0;  ///< of RandomView
  double stain_jitter = 0;  ///< strength of the random change of stain (HED)
};

/// Endless shuffled, augmented training batches: flips and quarter turns (all eight symmetries of the square), and what the options say.
/// Batch n is a pure function of set, options, seed and n; the next one is made while the caller works on the last. Not thread-safe.
class TrainingStream {
 public:
  /// Keeps a reference to `set`, which must hold at least one image and live as long; begins with batch number `first`.
  TrainingStream(const PatchSet& set, int batch_size, std::uint64_t seed, std::int64_t first = 0, StreamOptions options = {});
  ~TrainingStream();
  model::network::PatchBatch next();
  /// Seconds that next() has waited for images so far.
  double waited() const { return waited_; }

 private:
  std::vector<std::size_t> epoch(std::int64_t number) const;
  model::network::PatchBatch make(std::int64_t number) const;

  const PatchSet& set_;
  int batch_size_;
  std::uint64_t seed_;
  std::int64_t number_ = 0;
  StreamOptions options_;
  std::vector<double> draws_;  ///< of each image in an epoch, in the mean; together as many as there are images
  double waited_ = 0;
  std::future<model::network::PatchBatch> ahead_;
};

}  // namespace wsi_lpd::pipeline::training
