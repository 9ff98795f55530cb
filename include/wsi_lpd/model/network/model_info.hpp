#pragma once
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/calibration.hpp"
#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/stain.hpp"

namespace wsi_lpd::model::network {

/// What stands in for a calibration where a model has none: classes count from score 0 on, as the classification loss has it.
core::Calibration uncalibrated(int classes);

/// What a training held its model against after an epoch. Scores are 0…1.
struct Judgement {
  /// "valid_miou_predicted": mIoU on the validation masks, image labels predicted; "valid_f1": mean F1 of the image labels held out;
  /// "nothing": there was nothing to judge by.
  std::string by = "nothing";
  double score = 0;            ///< this and the next are 0 with "nothing"
  double chance = 0;           ///< what an answer can get that does not look at the images
  std::int64_t iteration = 0;  ///< step whose model this is
  bool is_above_chance() const { return by == "nothing" || score > chance; }
};

/// Everything a model file says about itself, beside its tensors.
struct ModelInfo {
  std::string method = "lpd";      ///< lpd, cam, or pbip: whose prototypes are fixed
  std::string encoder = "mit_b1";  ///< mit_b0 … mit_b5
  int prototypes_per_class = 3;
  core::ClassScheme classes;
  std::optional<double> mpp;                                         ///< µm/px it was trained at
  int patch_size = 224;                                              ///< pixels of a training image
  std::array<float, 3> mean{0.70623304F, 0.47791372F, 0.66791496F};  ///< RGB, of 0…1 values
  std::array<float, 3> std{0.19820057F, 0.22564577F, 0.1736589F};
  core::Calibration calibration;
  core::StainStatistics stain;                    ///< of its training images
  std::optional<Judgement> judged;                ///< by its training; nothing in models that were imported or calibrated anew
  std::map<std::string, std::string> provenance;  ///< how it was trained: free text by key
};

/// Metadata of a `model.safetensors` without its tensors. Throws Error: not there, not a safetensors file, not a model of ours.
ModelInfo read_model_info(const std::filesystem::path& path);

}  // namespace wsi_lpd::model::network
