#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "wsi_lpd/pipeline/archive/staging.hpp"

namespace wsi_lpd::cli {

/// Names of the options that add_staging_options() adds: they change no result.
inline const std::vector<std::string> kStagingOptions{"stage", "stage-space"};

struct StagingArguments {
  std::filesystem::path folder;  ///< empty: slides are read in place
  std::string space;             ///< as the option takes it; empty: nine tenths of the free space
};

void add_staging_options(CLI::App& command, StagingArguments& arguments);

/// Throws UsageError when copies would lie in `source`, where a search finds them, or in `output`. Writes nothing.
void check_staging(const StagingArguments& arguments, const std::string& source, const std::filesystem::path& output);

/// Nothing without --stage. Throws UsageError as archive::start_staging().
std::unique_ptr<pipeline::archive::Staging> start_staging(const StagingArguments& arguments, core::ProgressObserver& observer);

}  // namespace wsi_lpd::cli
