#pragma once
#include <filesystem>
#include <optional>

#include "wsi_lpd/core/metrics.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/model/trainer.hpp"
#include "wsi_lpd/pipeline/patch_loader.hpp"

namespace wsi_lpd::pipeline {

struct TrainJob {
  PatchFolder patches;
  std::filesystem::path run;    ///< folder of this run; made if absent
  model::ModelInfo info;        ///< classes, encoder, µm/px of the images
  model::TrainOptions options;  ///< iterations 0: from `epochs`
  PatchSetOptions images;
  int batch_size = 10;
  double epochs = 8;
};

struct TrainResult {
  std::filesystem::path model;  ///< model.safetensors: the best by validation mIoU; without masks the last
  std::int64_t iterations = 0;
  std::int64_t best_iteration = 0;
  std::optional<ConfusionMatrix> validation;  ///< of the best; nothing without masks
  double images_per_second = 0;
  double waited_share = 0;  ///< of the time, for images
};

/// Trains from image labels. Writes into the run's folder: model.safetensors (best), last.safetensors (after every epoch), log.jsonl (one
/// line a step, one an epoch). Throws PatchError before the first step, Error, Cancelled; files written so far stay whole.
TrainResult train(const TrainJob& job, ProgressObserver& observer, const CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline
