#pragma once
// Private to pipeline/training.
#include <filesystem>
#include <optional>
#include <span>

#include "wsi_lpd/pipeline/training/corrections.hpp"
#include "wsi_lpd/pipeline/training/train.hpp"

namespace wsi_lpd::pipeline::training {

/// What `model` says of the corrected pixels, by their classes: truth is the person's. Maps and image labels are those of evaluate(), in
/// one view with image labels predicted. Not thread-safe with the same model. Throws Error, Cancelled.
raster::ConfusionMatrix agreement_with(std::span<const CorrectedTile> corrected, model::network::PatchModel& model,
                                       const core::CancelFlag& cancel);

/// A table of a line for each class with corrected pixels, for the background, and for all: `pixels`, and the shares of them, 0…1, that the
/// model agrees with, `before` (empty where there was none) and `after`. Throws Error.
void write_agreement(const std::filesystem::path& path, const CorrectionAgreement& agreement, const core::ClassScheme& classes);

}  // namespace wsi_lpd::pipeline::training
