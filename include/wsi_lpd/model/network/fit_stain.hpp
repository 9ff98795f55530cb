#pragma once
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/stain_fit.hpp"

namespace wsi_lpd::model::network {

/// Fits the stains of images as fit_features does features; `groups` names the patient of each. Nothing if fit_features has nothing: fewer
/// than 30 images, of one patient, or all of one colour. Thread-safe.
std::optional<core::StainFit> fit_stain(const std::vector<core::StainVector>& stains, const std::vector<std::string>& groups);

}  // namespace wsi_lpd::model::network
