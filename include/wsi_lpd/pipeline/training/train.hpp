#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/training/prepare_training.hpp"
#include "wsi_lpd/raster/confusion_matrix.hpp"

namespace wsi_lpd::pipeline::training {

/// Scores of a model of a training on valid/ (one view).
struct TrainedModel {
  model::network::Judgement judged;  ///< iteration 0: no model yet
  std::optional<raster::ConfusionMatrix> predicted{},
      oracle{};  ///< pixel counts with image labels predicted and given; not set without masks
};

/// How much of the corrected pixels of a class a model agrees with.
struct AgreementLine {
  std::string name;  ///< of the class or the background; "all"
  std::int64_t pixels = 0;
  std::optional<double> before;  ///< share, 0…1
  double after = 0;
};
/// What models say of the pixels that a person has corrected, in one view with image labels predicted; truth is the person's.
struct CorrectionAgreement {
  std::optional<raster::ConfusionMatrix> before;  ///< of the model that the training began with, if with any
  raster::ConfusionMatrix after;                  ///< of model.safetensors
  /// Of the classes that have corrected pixels, in their order, of the background, and of all.
  std::vector<AgreementLine> lines(const core::ClassScheme& classes) const;
};

struct TrainResult {
  std::filesystem::path model;                   ///< model.safetensors
  TrainedModel best;                             ///< scores of the model in that file
  std::optional<CorrectionAgreement> corrected;  ///< not set without corrections
  std::int64_t iterations = 0;
  double images_per_second = 0;  ///< of this process; 0 if no step was left
  double waited_share = 0;       ///< share of the time spent waiting for images
};

/// Before train() with a group, in each of its processes. Throws UsageError: the processes differ in version, options, precision, or in the
/// names, labels or contents of the training images; there are more processes than images in a batch.
void check_group(const PreparedTraining& prepared, const model::runtime::ProcessGroup& group);

/// Trains from image labels. Files in the run's folder:
///  - model.safetensors: the best model, by the mIoU on valid/ with image labels predicted, as on a slide. Without masks, by the F1 of the
///    predicted labels of held-out images; with neither, the last model.
///  - last.safetensors, curve.svg, predictions.png: after every epoch. log.jsonl: a line a step and a line an epoch. prototypes.png: at the
///    end. corrections.csv: at the end of a training with corrections, CorrectionAgreement::lines.
///  - state.safetensors: for `resume`; removed at the end.
/// With `presence_encoder`, the presence head is fitted first (fit_presence): it depends on the images alone. Image labels are then
/// predicted by it. With `distil` it teaches the network's own scores instead (Teaching), and the model does not keep it. Epochs within the
/// warm-up of the losses are not candidates for the best model. The newest of them is kept as model.safetensors until the first epoch after
/// the warm-up ends. Warns when the best model is no better than chance. A resumed training on a CPU with the same number of threads writes
/// the same bytes as an uninterrupted one. Effects on the process are those of model::training::Trainer: LibTorch's thread count and
/// default random generator. Not thread-safe: one training at a time per process. Throws UsageError before the first step, Error,
/// Cancelled; the state is then saved, and files written so far stay complete.
/// With a `group`, each of its processes calls this with the same job: each computes its share of every batch, and rank 0 alone judges the
/// model, writes files, and returns a result that is not empty. If one is stopped, all throw Cancelled.
TrainResult train(const PreparedTraining& prepared, const core::Work& work, const model::runtime::ProcessGroup* group = nullptr);

}  // namespace wsi_lpd::pipeline::training
