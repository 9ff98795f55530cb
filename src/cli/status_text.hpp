#pragma once
// What `status` says of a folder of results.
#include <string>
#include <vector>

#include "wsi_lpd/output/journal.hpp"
#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::cli {

/// A folder of results, as far as it was read, and the batches that work in it or worked there last.
struct FolderState {
  output::ResultFolder results;
  std::vector<output::RunState> runs;  ///< alive; without any, the last one
  bool is_verified = false;            ///< statistics were read, and sizes compared
};

FolderState read_state(const std::filesystem::path& folder, bool verify);

/// Lines for people; the slides of each list up to `most`.
std::string text_of(const FolderState& state, std::size_t most);
/// One JSON object (docs/archives.md).
std::string json_of(const FolderState& state);

}  // namespace wsi_lpd::cli
