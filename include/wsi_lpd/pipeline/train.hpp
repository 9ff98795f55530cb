#pragma once
#include <filesystem>
#include <optional>

#include "wsi_lpd/core/metrics.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/model/trainer.hpp"
#include "wsi_lpd/pipeline/training_stream.hpp"

namespace wsi_lpd::pipeline {

struct TrainJob {
  PatchFolder patches;
  std::filesystem::path run;    ///< folder of this run; made if absent
  model::ModelInfo info;        ///< classes, encoder, µm/px of the images
  model::TrainOptions options;  ///< iterations 0: from `epochs`
  PatchSetOptions images;
  int batch_size = 10;
  double epochs = 8;
  StreamOptions stream;     ///< how images are drawn and changed
  double hold_out = 0.1;    ///< share of the training images to judge by where there are no validation images; 0: none
  int patience = 0;         ///< epochs without a better validation score after which the training ends; 0: never
  double save_minutes = 5;  ///< time between two saved states, beside those after every epoch
  bool resume = false;      ///< goes on with the state in `run`, if there is one
  bool force = false;       ///< … even if the images are other ones
};

struct TrainResult {
  std::filesystem::path model;  ///< model.safetensors: the best by validation mIoU; without masks the last
  std::int64_t iterations = 0;
  std::int64_t best_iteration = 0;
  std::optional<ConfusionMatrix> validation;  ///< of the best; nothing without masks
  bool validated_by_masks = false;
  double images_per_second = 0;
  double waited_share = 0;  ///< of the time, for images
};

/// Trains from image labels. Writes into the run's folder: model.safetensors (the best by validation mIoU, without masks by the F1 of the
/// validation images' labels), last.safetensors, curve.svg and predictions.png (after every epoch), log.jsonl (one line a step, one an
/// epoch), prototypes.png (at the end), and state.safetensors, which `resume` goes on with and which is removed when all is done. Resumed
/// on a CPU with as many threads, it ends in the same bytes. Throws PatchError before the first step, Error, Cancelled; the state is
/// then saved, files written so far stay whole.
TrainResult train(const TrainJob& job, ProgressObserver& observer, const CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline
