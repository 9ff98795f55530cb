#pragma once
#include <filesystem>
#include <vector>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/pipeline/training/corrections.hpp"
#include "wsi_lpd/pipeline/training/patch_loader.hpp"

namespace wsi_lpd::pipeline::training {

/// Fits a presence head for `model` on the features that the frozen encoder of `source` has for all images of `set`, and on `corrected`
/// tiles (PatchModel::fit_presence). Images of a patient share a fold; where no patient is
/// known, an image is a patient. The observer is told which, and the areas under the ROC curves on held-out images. Not thread-safe with
/// the same model. Throws UsageError, Error, Cancelled.
void fit_presence(model::network::PatchModel& model, const PatchSet& set, const model::network::PresenceSource& source,
                  const core::Work& work, std::span<const CorrectedTile> corrected = {});

/// Scores [N] of all images of `set` by the presence head of `model`. If the model knows how patients differ (PatientScatter), the shift of
/// each patient is taken from the scores of the patient's images; images of patients who are not known count as those of one. Not
/// thread-safe with the same model. Throws Error: the model has no head; Cancelled.
std::vector<model::network::HeadScores> presence_scores(model::network::PatchModel& model, const PatchSet& set,
                                                        const core::CancelFlag& cancel);
/// The same of corrected tiles.
std::vector<model::network::HeadScores> presence_scores(model::network::PatchModel& model, std::span<const CorrectedTile> tiles,
                                                        const core::CancelFlag& cancel);

/// The head's scores as they are, as probabilities [N][C], 0…1 (core::Calibration). Otherwise as presence_scores.
std::vector<std::vector<float>> presence_probabilities(model::network::PatchModel& model, const PatchSet& set,
                                                       const core::CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline::training
