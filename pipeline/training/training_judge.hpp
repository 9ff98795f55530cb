#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/training/train.hpp"

namespace wsi_lpd::pipeline::training {

/// The scores of the model of one epoch.
struct EpochJudgement {
  TrainedModel model;
  double f1 = 0;           ///< mean F1 of the predicted image labels
  bool in_warmup = false;  ///< the epoch ends within the warm-up of the losses
};

/// Chooses the best model of a training by its score with predicted image labels, as on a slide. Not thread-safe.
class TrainingJudge {
 public:
  /// Keeps a reference to `valid`. Epochs that end at step `warmup` or before are not candidates, unless all `iterations` steps are
  /// warm-up.
  TrainingJudge(const PatchSet& valid, std::int64_t warmup, std::int64_t iterations);

  /// A training that goes on from a trained model, whose scores are `start`. That is the first candidate. With `guard` at 0 or above, the
  /// best model is the newest whose score is at most `guard` (0…1) below that of the start, as validation images do not show what
  /// corrections of others bring; below 0 it is the one with the highest score.
  void begin_with(const EpochJudgement& start, double guard);

  /// "valid_miou_predicted" if validation images have masks with a class in them; "valid_f1" if they have no masks; "nothing" if there are
  /// no validation images, or their masks hold only background.
  const std::string& by() const { return by_; }
  /// Evaluates `model` on the validation images. Its presence head, if it has one, must be the same in all calls. Throws Error, Cancelled.
  EpochJudgement judge(model::network::PatchModel& model, std::int64_t iteration, const core::CancelFlag& cancel);
  /// The presence_scores() of the validation images that judge() went by; empty without a presence head.
  std::span<const model::network::HeadScores> heads() const { return heads_; }
  /// Whether the model of `epoch` should become model.safetensors.
  bool is_better(const EpochJudgement& epoch) const;
  /// Whether begin_with() had a guard.
  bool is_guarded() const { return least_.has_value(); }
  /// Records an epoch. To be called after the files that is_better() asked for are written.
  void accept(const EpochJudgement& epoch);

  /// The model that model.safetensors holds.
  const TrainedModel& kept() const { return kept_; }
  /// Epochs after the warm-up since the best one; 0 with by() "nothing".
  int epochs_since_best() const { return epochs_since_best_; }

  /// The state of the judge as text, for a saved state. take_up() restores it; it returns false and changes nothing if `notes` are from an
  /// earlier version that judged by given labels, or are by another score.
  std::map<std::string, std::string> notes() const;
  bool take_up(const std::map<std::string, std::string>& notes);

 private:
  const PatchSet& valid_;
  std::int64_t warmup_;
  std::string by_;
  std::vector<model::network::HeadScores> heads_;  ///< of the validation images; empty: not known yet, or the model has no presence head
  TrainedModel kept_;
  bool chosen_ = false;          ///< kept_ is from after the warm-up
  std::optional<double> least_;  ///< least score of a candidate, of which the newest is the best
  int epochs_since_best_ = 0;
};

}  // namespace wsi_lpd::pipeline::training
