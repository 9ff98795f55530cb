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
/// counts, absurd mpp.
DatasetDescription describe_dataset(const std::filesystem::path& folder, int count, const std::vector<std::string>& names,
                                    const DatasetOptions& options, ProgressObserver& observer);

}  // namespace wsi_lpd::cli
