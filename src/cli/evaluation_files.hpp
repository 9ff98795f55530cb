#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "wsi_lpd/pipeline/training/evaluate.hpp"

// What `evaluate` writes. All functions here are thread-safe.
namespace wsi_lpd::cli {

/// "predicted", "oracle + CRF", …
std::string title_of(const pipeline::training::EvaluatedLabels& evaluated);

/// evaluation.json. Shares are 0…1, null where they are not defined.
nlohmann::ordered_json json_of_evaluation(const pipeline::training::Evaluation& evaluation, const model::network::ModelInfo& info);

/// evaluation.csv: one line for each class and evaluation, as statistics programs take it.
std::string csv_of(const pipeline::training::Evaluation& evaluation, const model::network::ModelInfo& info);

/// image_labels.csv: one line for each image and class. The margin is how far its score lies above the threshold, in widths.
std::string image_labels_csv(const pipeline::training::Evaluation& evaluation, const model::network::ModelInfo& info);

/// The sheet of the worst and the best patches, as PNG. Throws Error.
void write_sheet(const std::filesystem::path& path, const pipeline::training::Evaluation& evaluation,
                 const model::network::ModelInfo& info);

}  // namespace wsi_lpd::cli
