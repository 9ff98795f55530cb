#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::cli {

/// What is known of a data set's classes and resolution.
struct DatasetDescription {
  ClassScheme classes;
  std::optional<double> mpp;
};

/// What the user says by options; empty where nothing.
struct DatasetOptions {
  std::vector<std::string> classes;
  std::string background;
  std::vector<std::string> colours;
  std::optional<double> mpp;
};

/// Puts together options, `dataset.toml` in `folder` (keys classes, background, colours, mpp) and, for what neither says, defaults for
/// `count` classes (`names` where labels.csv gave some); every default taken is said to the observer. Throws UsageError: unknown key, wrong
/// counts, absurd mpp, a dataset.toml that names other classes than labels.csv.
DatasetDescription describe_dataset(const std::filesystem::path& folder, int count, const std::vector<std::string>& names,
                                    const DatasetOptions& options, ProgressObserver& observer);

/// A dataset.toml for `describe_dataset`: classes (if there are any), µm/px (if not 0), and the images' side as a comment.
std::string description_text(const ClassScheme& classes, double mpp, int size);

}  // namespace wsi_lpd::cli
