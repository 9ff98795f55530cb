#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/calibration.hpp"
#include "wsi_lpd/model/network/patient_shift.hpp"

namespace wsi_lpd::model::network {

/// An encoder's file that a model file names and does not contain.
struct EncoderPlace {
  std::string path;         ///< absolute, when the head was fitted
  std::uint64_t bytes = 0;  ///< size of the file
  std::string sha256;       ///< in lower-case hexadecimal
  bool operator==(const EncoderPlace&) const = default;
};

/// Where a presence head takes its features from.
struct PresenceSource {
  std::filesystem::path encoder;  ///< file of the frozen encoder; empty: no head or, where a model has one, that of its head
  bool by_path = false;           ///< the model file names that file instead of holding the encoder
  double scale = 0;  ///< as PresenceInfo::scale; 0: FrozenEncoder::presence_scale() or, without a file, that of the model's head
};

/// What is known of a presence head (PresenceHead) beside its tensors.
struct PresenceInfo {
  std::string encoder;                                  ///< file name of the frozen encoder
  std::map<std::string, std::string> encoder_metadata;  ///< metadata of that file
  std::int64_t images = 0;                              ///< that it was fitted on
  std::int64_t groups = 0;                              ///< patients; as many as images where none are known
  double strength = 0;                                  ///< C of the logistic regression
  std::vector<double> auc;                              ///< [C]: area under the ROC curve on held-out images, 0…1
  std::int64_t fit_components = 0;                      ///< of the FeatureFit of the images; 0: there is none
  double scale = 1;                                     ///< at which the encoder is shown an image (FrozenEncoder::tokens), in (0, 1]
  double own_weight = 0;                                ///< of the network's own scores beside the head's (core::JointScore)
  core::Calibration calibration;                        ///< thresholds and widths of the head's scores, log odds; never empty
  std::optional<PatientScatter> patients{};             ///< of the margins of held-out images; nothing where the patients are too few
  std::optional<EncoderPlace> place{};                  ///< of an encoder that is not in the model file
};

}  // namespace wsi_lpd::model::network
