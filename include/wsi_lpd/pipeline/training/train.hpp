#pragma once
#include <filesystem>
#include <optional>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/model/training/trainer.hpp"
#include "wsi_lpd/pipeline/training/training_stream.hpp"
#include "wsi_lpd/raster/confusion_matrix.hpp"

namespace wsi_lpd::pipeline::training {

struct TrainJob {
  PatchFolder patches;
  std::filesystem::path run;       ///< folder of this run; made if absent
  model::network::ModelInfo info;  ///< classes, encoder, µm/px of the images
  /// `iterations` 0: from `epochs`. `warmup_iterations` below 0: a fifth of all steps, none for pbip; cam is nothing but warm-up.
  model::training::TrainOptions options;
  PatchSetOptions images;
  int batch_size = 10;
  double epochs = 8;
  StreamOptions stream;     ///< how images are drawn and changed
  double hold_out = 0.1;    ///< share of the training images to judge by where there are no validation images, 0…1 without 1; 0: none
  int patience = 0;         ///< epochs after the warm-up without a better validation score, after which the training ends; 0: never
  double save_minutes = 5;  ///< time between two saved states, beside those after every epoch
  bool resume = false;      ///< goes on with the state in `run`, if there is one
  bool force = false;       ///< … even if the images are other ones
};

/// A training of which everything is decided that its images decide. Movable.
struct PreparedTraining {
  /// As it will run: `patches` after the hold-out, `options` with the numbers of all and of the warm-up's steps and the method's losses,
  /// `info` with the size, number (`provenance` "images"), µm/px and stain of the images.
  TrainJob job;
  PatchSet images;  ///< to train on, at least one, without those that can't be used
  PatchSet valid;   ///< to judge by; may be empty
};

/// Takes the hold-out, reads all images and decides how many steps there are. Whole patients are held out where they are known
/// (Patch::patient). Writes nothing. Throws UsageError: no image to train on, a method without what it needs; PatchError: images that
/// can't be used; Cancelled.
PreparedTraining prepare_training(TrainJob job, const core::Work& work);

/// A model of a training, and what it scored on valid/ (one view).
struct TrainedModel {
  model::network::Judgement judged;                              ///< iteration 0: there is no model
  std::optional<raster::ConfusionMatrix> predicted{}, oracle{};  ///< pixels, with image labels predicted and given; nothing without masks
};

struct TrainResult {
  std::filesystem::path model;  ///< model.safetensors
  TrainedModel best;            ///< what is in it
  std::int64_t iterations = 0;
  double images_per_second = 0;  ///< of this process; 0 where no step was left to do
  double waited_share = 0;       ///< of the time, for images
};

/// Trains from image labels. Writes into the run's folder: model.safetensors (the best by the mIoU on valid/ with image labels predicted,
/// as on a slide; without masks by the F1 of the predicted labels of images held out; with neither the last), last.safetensors, curve.svg
/// and predictions.png (after every epoch), log.jsonl (one line a step, one an epoch), prototypes.png (at the end), and state.safetensors,
/// which `resume` goes on with and which is removed when all is done. Epochs within the warm-up of the losses are not chosen from; the
/// newest of them stands in for the best until there is a later one. Warns when the best is no better than chance. Resumed on a CPU with as
/// many threads, it ends in the same bytes. Throws UsageError before the first step, Error, Cancelled; the state is then saved, files
/// written so far stay whole.
TrainResult train(const PreparedTraining& prepared, const core::Work& work);

}  // namespace wsi_lpd::pipeline::training
