#pragma once
#include <map>
#include <optional>
#include <string>

#include "wsi_lpd/pipeline/training/train.hpp"

namespace wsi_lpd::pipeline::training {

/// How good the model of one epoch is.
struct EpochJudgement {
  TrainedModel model;
  double f1 = 0;           ///< mean F1 of the predicted image labels
  bool in_warmup = false;  ///< … of the losses: such a model is kept only until there is one from after it
};

/// Chooses the best model of a training by what a slide has: image labels that the model predicts itself. Not thread-safe.
class TrainingJudge {
 public:
  /// `valid` must live as long. Epochs that end at step `warmup` or before are not chosen from, unless the training of `iterations` steps
  /// has no others.
  TrainingJudge(const PatchSet& valid, std::int64_t warmup, std::int64_t iterations);

  /// "valid_miou_predicted" where validation images have masks with a class in them, else "valid_f1"; "nothing" where there are none.
  const std::string& by() const { return by_; }
  /// Looks at the validation images. Throws Error, Cancelled.
  EpochJudgement judge(model::network::PatchModel& model, std::int64_t iteration, const core::CancelFlag& cancel) const;
  /// Whether model.safetensors should be that of `epoch`.
  bool is_better(const EpochJudgement& epoch) const;
  /// Takes an epoch into account, after everything has been written that is_better() asked for.
  void accept(const EpochJudgement& epoch);

  /// The model that model.safetensors holds.
  const TrainedModel& kept() const { return kept_; }
  /// Epochs after the warm-up since the best one; 0 where there is nothing to judge by.
  int epochs_since_best() const { return epochs_since_best_; }

  /// Everything above as text, for a saved state, and back. False when `notes` are those of a program that judged by given labels, or were
  /// judged by something else: then nothing changes.
  std::map<std::string, std::string> notes() const;
  bool take_up(const std::map<std::string, std::string>& notes);

 private:
  const PatchSet& valid_;
  std::int64_t warmup_;
  std::string by_;
  TrainedModel kept_;
  bool chosen_ = false;  ///< kept_ is from after the warm-up
  int epochs_since_best_ = 0;
};

}  // namespace wsi_lpd::pipeline::training
