#pragma once
#include <filesystem>
#include <span>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/pipeline/training/patch_loader.hpp"

// Pictures of a training in progress. All functions write through a PartFile and throw Error.
namespace wsi_lpd::pipeline::training {

/// SVG from the log.jsonl of a run: the smoothed loss of every step, and the validation scores and chance of every epoch.
void write_curve(const std::filesystem::path& path, const std::filesystem::path& log);

/// PNG of the same few validation patches each time: image, truth, and the labels of a calibrated model with image labels predicted and
/// given. `heads` are the presence_scores() of `valid`; empty if the model has no presence head.
void write_predictions(const std::filesystem::path& path, model::network::PatchModel& model, const PatchSet& valid,
                       std::span<const model::network::HeadScores> heads);

/// PNG of the image regions around the strongest responses to each prototype, at most one region per image. Uses the first 400 images.
/// Throws Cancelled.
void write_prototypes(const std::filesystem::path& path, model::network::PatchModel& model, const PatchSet& set,
                      const core::CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline::training
