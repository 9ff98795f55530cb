#pragma once
#include <filesystem>
#include <optional>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/model/training/trainer.hpp"
#include "wsi_lpd/pipeline/training/training_stream.hpp"

namespace wsi_lpd::pipeline::training {

struct TrainJob {
  PatchFolder patches;
  std::filesystem::path run;       ///< folder of this run; created if missing
  model::network::ModelInfo info;  ///< classes and encoder; with `options.from` all of that model's
  std::optional<double> mpp;       ///< µm/px of the images, where it is known
  /// `iterations` 0: computed from `epochs`. `warmup_iterations` below 0: a fifth of all steps, or none with pbip. With cam all steps are
  /// warm-up. With `options.from` there is no warm-up of the losses.
  model::training::TrainOptions options;
  PatchSetOptions images;
  int batch_size = 10;
  double epochs = 8;
  model::network::PresenceSource presence;  ///< of the model's presence head; without a file no head
  bool distil = false;                      ///< the head teaches the network's own scores, and is not kept
  std::vector<Patch> unlabelled;            ///< images without labels, of which the head teaches, too (scan_unlabelled)
  CorrectionFolder corrections;             ///< regions drawn by a person; `regions` empty: none
  double guard = 2;                         ///< most points of the validation score, %, that corrections may cost
  StreamOptions stream;                     ///< how images are drawn and augmented
  double hold_out = 0.1;    ///< share of the training images held out for validation if there are no validation images, in [0, 1); 0: none
  int patience = 0;         ///< stop after so many epochs without a better validation score, counted after the warm-up; 0: never
  double save_minutes = 5;  ///< minutes between saved states; a state is also saved after every epoch
  bool resume = false;      ///< continue from the state in `run`, if there is one
  bool force = false;       ///< resume even if the images or classes differ
};

/// Are mosaics made by default, if the images suit them (TrainingStream::suits_mosaics)? Where a presence head decides which classes are
/// present: mosaics make maps better, and the network's own scores worse (docs/training.md).
bool wants_mosaics(const TrainJob& job);

/// A training whose images are read and whose options are resolved. Movable.
struct PreparedTraining {
  /// The resolved job: `patches` after the hold-out; `options` with the numbers of steps and of warm-up steps and the method's losses;
  /// `info` with the size, number (`provenance` "images"), µm/px and stain of the images, and the corrections (`provenance` "corrections").
  TrainJob job;
  PatchSet images;                       ///< training images without the unusable ones, at least one
  PatchSet valid;                        ///< validation images; may be empty
  PatchSet unlabelled;                   ///< images without labels; may be empty
  std::vector<CorrectedTile> corrected;  ///< tiles with regions of known class; may be empty
};

/// Takes the hold-out, reads all images and computes the number of steps. Whole patients are held out if they are known (Patch::patient).
/// With `options.from`, warns where the images are read at another size or µm/px than that model's; where theirs is not known, they are
/// taken to have the model's. Writes nothing. Process-wide effects are those of PatchSet. Throws UsageError: no image to train on, an
/// option that the method needs is missing; PatchError: unusable images; Cancelled.
PreparedTraining prepare_training(TrainJob job, const core::Work& work);

}  // namespace wsi_lpd::pipeline::training
