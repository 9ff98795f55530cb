#pragma once
#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/crf/dense_crf.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/pipeline/training/patch_loader.hpp"
#include "wsi_lpd/raster/confusion_matrix.hpp"

namespace wsi_lpd::pipeline::training {

/// The score threshold above which a class counts as present when image labels are not given. If no class reaches its threshold, the
/// likeliest class counts as present.
enum class PresenceRule {
  Calibrated,  ///< scores and thresholds of the model's presence head, if it has one; else as Own
  Own,         ///< the network's own scores and their calibrated thresholds; 0 in a model without calibration
  Half         ///< sigmoid(score) > ½, as the published code trains it
};

/// Tells how far the scores of a patch lie above their thresholds. Thread-safe.
class PresenceJudge {
 public:
  PresenceJudge(const model::network::ModelInfo& info, PresenceRule rule);
  /// Are the scores of the model's presence head (PatchModel::presence_scores) needed?
  bool needs_head() const { return joint_.has_value(); }
  /// Margins [C], above 0 where a class counts as present, from the network's own scores [C] and, if they are needed, the head's.
  std::vector<float> margins(std::span<const float> own_scores, std::span<const float> head_scores = {}) const;

 private:
  core::Calibration calibration_;  // of the network's own scores
  std::optional<core::JointScore> joint_;
};

/// Patches that a model looks at together: memory is bounded by them.
inline constexpr std::size_t kPatchesAtOnce = 10;

/// What a model says of a batch of patches.
struct JudgedPatches {
  std::vector<model::network::PatchMaps> maps;  ///< [B], weighed by the scores of places where `judge` needs the head
  std::vector<std::vector<float>> margins;      ///< [B][C] of PresenceJudge
};
/// `heads` [B] are the presence_scores() of the batch, which those of other images of the same patients have changed; empty where `judge`
/// needs none. Not thread-safe with the same model. Throws Error.
JudgedPatches judge_patches(model::network::PatchModel& model, const PresenceJudge& judge, const model::network::PatchBatch& batch,
                            bool all_views, std::span<const model::network::HeadScores> heads);

struct EvaluateOptions {
  bool oracle = true;     ///< image labels from the masks: the paper's protocol
  bool predicted = true;  ///< image labels from the scores: what is available on a slide
  PresenceRule presence = PresenceRule::Calibrated;
  bool all_views = true;  ///< the paper's six views
  bool crf = true;
  crf::DenseCrfOptions crf_options{};
  std::size_t shown = 5;                                           ///< number of the worst, and of the best, patches to keep
  const std::vector<model::network::HeadScores>* heads = nullptr;  ///< presence_scores() of the set, where they are known already
};

/// Pixel agreement of all patches, for one source of image labels.
struct EvaluatedLabels {
  std::string labels;  ///< "oracle" or "predicted"
  bool crf = false;    ///< true: labels after the CRF; false: the most probable class
  raster::ConfusionMatrix matrix;
};

/// How well the predicted image labels of one class agree with the true ones, in images.
struct PresenceCounts {
  std::int64_t hits = 0, false_alarms = 0, misses = 0;
  double f1() const { return 2.0 * static_cast<double>(hits) / static_cast<double>(2 * hits + false_alarms + misses); }
};

/// The image labels of one image.
struct JudgedImage {
  std::string name;
  std::vector<float> margins;           ///< [C] of PresenceJudge
  std::vector<float> predicted, truth;  ///< [C]: 0 or 1
};

struct ShownPatch {
  std::string name;
  std::vector<double> accuracies{};  ///< share of correct pixels, for each entry of Evaluation::evaluated
  core::Image rgb{}, truth{};
  std::vector<core::Image> labels{};  ///< for each entry of Evaluation::evaluated
};

struct Evaluation {
  std::vector<EvaluatedLabels> evaluated;  ///< oracle, oracle + CRF, predicted, predicted + CRF, as far as the options ask for them
  std::vector<PresenceCounts> presence;    ///< [C]
  std::vector<double> auc;                 ///< [C]: area under the ROC curve of the scores that image labels are predicted from, 0…1; NaN
                                           ///< for a class that all patches or none have
  std::vector<JudgedImage> images;         ///< in the order of the set
  std::int64_t patches = 0;
  std::int64_t all_classes_right = 0;  ///< patches whose predicted image labels are all correct
  std::vector<ShownPatch> shown;       ///< worst first
  /// Mean over the classes that are present in or predicted for at least one image; NaN when there is none.
  double mean_f1() const;
  /// The highest mean F1 that can be reached without looking at the images: every class is predicted for every image. Mean of 2π / (1 + π)
  /// over the classes that are present in at least one image, with π the share of images with the class; NaN when there is none.
  double chance_f1() const;
};

/// Image labels [C] of 0 or 1 from the margins [C] of one patch: the classes above 0, and always that with the largest. Thread-safe.
std::vector<float> predicted_labels(std::span<const float> margins);

/// Evaluates `model` on patches. Patches without masks count for the image labels only. Uses oneTBB, and LibTorch as PatchModel does. Not
/// thread-safe with the same model. Throws Error, Cancelled.
Evaluation evaluate(const EvaluateOptions& options, const PatchSet& set, model::network::PatchModel& model, const core::Work& work);

/// Learns a calibration for `model` from at most 400 labelled images, evenly spread over the set. Not thread-safe with the same model.
/// Throws Error, Cancelled.
void calibrate(model::network::PatchModel& model, const PatchSet& set, const core::CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline::training
