#pragma once
#include <array>

namespace wsi_lpd::model::training {

/// Variant of the diversity loss L_div.
enum class Diversity {
  Corrected,  ///< the pixels of class c are those with mask value class c; one softmax; projected stage-4 prototypes
  Reference   ///< as in the published code, with a gradient about 85 times smaller; needs stage-4 width 512 (mit_b1 … mit_b5)
};

/// Weights and constants of the training loss. The defaults are the published ones, except for the corrected diversity loss.
struct LossOptions {
  std::array<double, 4> class_weights{0, 0.1, 1, 1};  ///< L_cls at scales 1…4
  double diversity_weight = 0.5;
  Diversity diversity = Diversity::Corrected;
  double similarity_weight = 0.1;
  double map_mean_weight = 0.0005;  ///< inside L_sim
  double mask_threshold = 0.5;      ///< foreground: map values from this share of the image's largest on
  double temperature = 0.07;        ///< of the contrastive terms
  double pixel_weight = 1;          ///< of the loss of pixels whose class is known
  double teacher_weight = 1;        ///< of the loss of scores whose probability a teacher gives
  double agreement_weight = 1;      ///< of the loss of two views that disagree
  bool batch_contrast = false;      ///< PBIP: one contrastive term per batch, exponentials summed before the logarithm
};

}  // namespace wsi_lpd::model::training
