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
#include "wsi_lpd/core/stain_fit.hpp"
#include "wsi_lpd/model/network/presence_info.hpp"

namespace wsi_lpd::model::network {

/// The calibration to use for a model without one: threshold 0, width 1, as in the classification loss. Thread-safe.
core::Calibration uncalibrated(int classes);

/// The validation score of a model after an epoch of training. Scores are 0…1.
struct Judgement {
  /// "valid_miou_predicted": mIoU on the validation masks with image labels predicted; "valid_f1": mean F1 of predicted image labels on
  /// validation images without masks; "nothing": no validation.
  std::string by = "nothing";
  double score = 0;            ///< 0 with "nothing"
  double chance = 0;           ///< highest score that can be reached without looking at the images; 0 with "nothing"
  std::int64_t iteration = 0;  ///< training step of the model
  bool is_above_chance() const { return by == "nothing" || score > chance; }
};

/// A file of weights that a model was made from.
struct UsedWeights {
  std::string file;     ///< file name
  std::string licence;  ///< empty: not stated
  bool operator==(const UsedWeights&) const = default;
};

/// The metadata of a model file.
struct ModelInfo {
  std::string method = "lpd";      ///< lpd, cam or pbip; the prototypes of pbip are fixed
  std::string encoder = "mit_b1";  ///< mit_b0 … mit_b5
  int prototypes_per_class = 3;
  core::ClassScheme classes;
  std::optional<double> mpp;                                         ///< µm/px of the training images, as the network sees them
  int patch_size = 224;                                              ///< side of a training image, pixels
  double mosaic = 0;                                                 ///< share of the training images that mosaics replaced, 0…1
  std::array<float, 3> mean{0.70623304F, 0.47791372F, 0.66791496F};  ///< RGB, of 0…1 values
  std::array<float, 3> std{0.19820057F, 0.22564577F, 0.1736589F};
  core::Calibration calibration;
  std::optional<PresenceInfo> presence;           ///< of the presence head, in models that have one
  core::StainStatistics stain;                    ///< stain statistics of the training images
  std::optional<core::StainFit> stain_fit;        ///< how their stains lie; not set in old models and where the images are few
  std::optional<Judgement> judged;                ///< validation score; not set in models that were imported or recalibrated
  std::map<std::string, std::string> provenance;  ///< how the model was trained: free text by key
  /// By use: "network", the model was imported; "encoder", its encoder started from it; "frozen_encoder", it taught the prototypes.
  std::map<std::string, UsedWeights> weights;
};

/// How the scores of the presence head, which `info` has, are joined with the network's own. Thread-safe.
core::JointScore joint_score(const ModelInfo& info);

/// ModelInfo::weights and, under "presence_encoder", the encoder of the presence head. Thread-safe.
std::map<std::string, UsedWeights> all_weights(const ModelInfo& info);

/// Reads the metadata of a model file without its tensors. Thread-safe. Throws Error: no such file, not a safetensors file, not a model of
/// this program.
ModelInfo read_model_info(const std::filesystem::path& path);

}  // namespace wsi_lpd::model::network
