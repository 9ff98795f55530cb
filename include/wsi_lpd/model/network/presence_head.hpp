#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <string>
#include <vector>

#include "wsi_lpd/core/calibration.hpp"

// All functions here are thread-safe.
namespace wsi_lpd::model::network {

/// PresenceInfo::own_weight of new heads, chosen on patients and a hospital that neither head nor network had seen (docs/training.md): of
/// networks that learnt without mosaics and with them.
inline constexpr double kOwnWeight = 0.25, kOwnWeightWithMosaics = 0;
/// core::ScoreGateOptions::local_weight of heads whose encoder has maps, chosen like kOwnWeight.
inline constexpr float kLocalWeight = 0.02F;

/// Image-level class scores that are linear in the features of a frozen encoder, in units of log odds.
struct PresenceHead {
  torch::Tensor weight;  ///< [C, D], float32, for features that are not standardised
  torch::Tensor bias;    ///< [C], float32

  /// Scores [N, C] of features [N, D].
  torch::Tensor scores(const torch::Tensor& features) const { return torch::addmm(bias, features, weight.t()); }
  /// Score maps [N, C, h, w] of feature maps [N, D, h, w]. Because the scores are linear, the mean of an image's map is the score of its
  /// mean feature.
  torch::Tensor score_maps(const torch::Tensor& maps) const;
};

/// Further features to fit a head on, of which not all is known, such as those of a part of an image. They have no say in strength,
/// thresholds and areas under the curve.
struct ExtraFeatures {
  torch::Tensor features{};           ///< [M, D]; undefined: none
  torch::Tensor labels{};             ///< [M, C] of 0, 1 or, where it is not known whether the class is present, NaN
  std::vector<std::string> groups{};  ///< [M]: the patient of each
};

/// A fitted head, and what images that it was not fitted on say of it.
struct PresenceFit {
  PresenceHead head;
  core::Calibration calibration;  ///< from the scores of held-out images and altered copies (fit_calibration)
  torch::Tensor held_out;         ///< [N, C], float32: each image's scores by the head fitted without its group
  double strength = 0;            ///< the C of fit_logistic
  std::vector<double> auc;        ///< [C]: area under the ROC curve of `held_out`
};

/// Assigns the images to at most `folds` folds; images of a group share a fold. Large groups are assigned first, each to the fold that then
/// is the most even in images and in images with and without each class. `labels` [N, C] of 0 or 1. A pure function of its arguments.
std::vector<int> folds_of_groups(const std::vector<std::string>& groups, const torch::Tensor& labels, int folds);

/// Fits one logistic regression a class (fit_logistic) on features that are standardised by their mean and deviation. `features` [N, D] and
/// `labels` [N, C] are on the CPU; `groups` [N] names the patient of each image; `classes` [C] names the classes in messages. The strength
/// is the one of 1e-4, 1e-3.5, …, 1 whose log loss of the held-out images is the lowest, with both kinds of images of each class weighted
/// equally, mean over the classes. Each of five folds is held out in turn; standardisation and fit don't see it. `altered` [N, D], unless
/// it is undefined, are features of altered copies of the same images: head, strength and calibration are those of both. Fits see `extra`,
/// too, but none sees those of a patient that is held out. Throws Error: features that are not finite, or as check_presence_labels().
PresenceFit fit_presence(const torch::Tensor& features, const torch::Tensor& labels, const std::vector<std::string>& groups,
                         const std::vector<std::string>& classes, const torch::Tensor& altered = {}, const ExtraFeatures& extra = {});

}  // namespace wsi_lpd::model::network
