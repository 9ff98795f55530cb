#pragma once
#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/crf/dense_crf.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/pipeline/training/patch_loader.hpp"
#include "wsi_lpd/raster/confusion_matrix.hpp"

namespace wsi_lpd::pipeline::training {

/// The score above which a class counts as present when image labels are not given; where none reaches it, the likeliest class does.
enum class PresenceRule {
  Calibrated,  ///< the model's own thresholds; 0 in a model that has none
  Half         ///< sigmoid(score) > ½, as the published code trained it
};

struct EvaluateOptions {
  bool oracle = true;     ///< image labels from the masks: the paper's protocol
  bool predicted = true;  ///< image labels from the scores: what a user has
  PresenceRule presence = PresenceRule::Calibrated;
  bool all_views = true;  ///< the paper's six views
  bool crf = true;
  crf::DenseCrfOptions crf_options{};
  std::size_t shown = 5;  ///< so many of the worst and of the best patches are kept
};

/// Pixel agreement of all patches, for one source of image labels.
struct EvaluatedLabels {
  std::string labels;  ///< "oracle" or "predicted"
  bool crf = false;    ///< after the CRF, or the most probable class
  raster::ConfusionMatrix matrix;
};

/// How often the scores name a class that is there.
struct PresenceCounts {
  std::int64_t hits = 0, false_alarms = 0, misses = 0;
  double f1() const { return 2.0 * static_cast<double>(hits) / static_cast<double>(2 * hits + false_alarms + misses); }
};

struct ShownPatch {
  std::string name;
  std::vector<double> accuracies{};  ///< share of the pixels that each of `evaluated` has right
  core::Image rgb{}, truth{};
  std::vector<core::Image> labels{};  ///< as `evaluated` has them
};

struct Evaluation {
  std::vector<EvaluatedLabels> evaluated;  ///< oracle, oracle + CRF, predicted, predicted + CRF, as far as wanted
  std::vector<PresenceCounts> presence;    ///< [C]
  std::int64_t patches = 0;
  std::int64_t all_classes_right = 0;  ///< patches whose predicted image labels are all true
  std::vector<ShownPatch> shown;       ///< worst first
  /// Mean over the classes that are in an image or predicted; NaN when there is none.
  double mean_f1() const;
  /// The highest mean F1 of an answer that does not look at the images: every class in every image. 2π / (1 + π), π the share of the images
  /// with the class, as a mean over the classes in an image; NaN when there is none.
  double chance_f1() const;
};

/// Image labels [C] of 0 or 1 out of the scores of one patch: the classes over their thresholds, and always the likeliest.
std::vector<float> predicted_labels(std::span<const float> scores, const core::Calibration& calibration);

/// Scores `model` on patches. Those without masks count for the image labels only. Throws Error, Cancelled.
Evaluation evaluate(const EvaluateOptions& options, const PatchSet& set, model::network::PatchModel& model, const core::Work& work);

/// Learns a calibration for `model` from (a spread of at most 400 of) the labelled images of a set.
void calibrate(model::network::PatchModel& model, const PatchSet& set, const core::CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline::training
