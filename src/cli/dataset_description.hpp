#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::cli {

inline constexpr const char* kSkipUnusableHelp =
    "goes on without images that can't be used (no label or mask, damaged, a link without a target), and counts them; else they stop the "
    "run";

/// What is known of a data set's classes and resolution.
struct DatasetDescription {
  core::ClassScheme classes;
  std::optional<double> mpp;
};

/// What the user says by options; empty where nothing.
struct DatasetOptions {
  std::vector<std::string> classes;
  std::string background;
  std::vector<std::string> colours;
  std::optional<double> mpp;
};

/// The classes in the order wanted: those of the options, else of dataset.toml in `folder`; empty where neither names any. Throws
/// UsageError.
std::vector<std::string> wanted_classes(const std::filesystem::path& folder, const DatasetOptions& options = {});

/// Lists a folder of patches and says to the observer how many are used and left out, and why. Throws as pipeline::training::scan_patches.
pipeline::training::PatchFolder scan(const std::filesystem::path& folder, const pipeline::training::ScanOptions& options,
                                     core::ProgressObserver& observer);

/// Puts together options, `dataset.toml` in `folder` (keys classes, background, colours, mpp) and, for what neither says, defaults for
/// `count` classes (`names` where labels.csv or folders gave some); every default taken is said to the observer. Throws UsageError: unknown
/// key, wrong counts, absurd mpp.
DatasetDescription describe_dataset(const std::filesystem::path& folder, int count, const std::vector<std::string>& names,
                                    const DatasetOptions& options, core::ProgressObserver& observer);

/// µm/px of the images according to `dataset.toml` in `folder`. Throws UsageError: a file that can't be read, absurd mpp.
std::optional<double> described_mpp(const std::filesystem::path& folder);

/// The classes of a folder of patches as they go with a model's.
struct MatchedClasses {
  core::ClassScheme classes;       ///< the folder's names, or the model's where it gives none; colours of dataset.toml, or the model's
  std::vector<std::size_t> order;  ///< as match_classes has it
};

/// Matches the classes that `dataset.toml` or labels.csv (`patches`) name with a model's: by name, or where nobody gave names by position.
/// What is not plain is said to the observer. Throws UsageError: other classes than the model's, and as describe_dataset.
MatchedClasses match_dataset(const std::filesystem::path& folder, const pipeline::training::PatchFolder& patches,
                             const core::ClassScheme& model, core::ProgressObserver& observer);

/// A dataset.toml for `describe_dataset`: classes (if there are any), µm/px (if not 0), and the images' side as a comment.
std::string description_text(const core::ClassScheme& classes, double mpp, int size);

}  // namespace wsi_lpd::cli
