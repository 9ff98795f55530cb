#pragma once
#include <filesystem>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/pipeline/training/patch_loader.hpp"

// What a training looks like, drawn as it goes. All write through a PartFile.
namespace wsi_lpd::pipeline::training {

/// The loss of every step, smoothed, and the validation scores of every epoch beside chance, out of a run's log.jsonl: SVG.
void write_curve(const std::filesystem::path& path, const std::filesystem::path& log);

/// The same few validation patches every time: image, truth, and what a calibrated model says with image labels predicted and given: PNG.
void write_predictions(const std::filesystem::path& path, model::network::PatchModel& model, const PatchSet& valid);

/// For each prototype the surroundings of its strongest responses, one an image: PNG. Looks at up to 400 images.
void write_prototypes(const std::filesystem::path& path, model::network::PatchModel& model, const PatchSet& set,
                      const core::CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline::training
