#pragma once
#include <array>

namespace wsi_lpd::model::training {

/// How the diversity loss is computed.
enum class Diversity {
  Corrected,  ///< class c where the mask says class c, one softmax, on the projected stage-4 prototypes
  Reference   ///< as the published code does, whose gradient is some 85 times smaller; needs an encoder of width 512 (mit_b1 … mit_b5)
};

/// Weights and constants of the training loss; the defaults are the published ones, but for the corrected diversity.
struct LossOptions {
  std::array<double, 4> class_weights{0, 0.1, 1, 1};  ///< L_cls at scales 1…4
  double diversity_weight = 0.5;
  Diversity diversity = Diversity::Corrected;
  double similarity_weight = 0.1;
  double map_mean_weight = 0.0005;  ///< inside L_sim
  double mask_threshold = 0.5;      ///< share of an image's largest map value that is foreground
  double temperature = 0.07;        ///< of the contrastive terms
  bool batch_contrast = false;      ///< PBIP: one contrastive term for the whole batch, exponentials summed before the logarithm
};

}  // namespace wsi_lpd::model::training
