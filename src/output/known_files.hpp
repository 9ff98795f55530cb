#pragma once
// Private to src/output: files that are looked at again and again.
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::output {

/// The folder of recorded failures (failures.hpp) in a folder of results.
inline constexpr const char* kFailureFolder = ".failures";

/// Which file the path names and in which state it is (FileIdentity); empty where there is no such file.
inline std::string state_of(const std::filesystem::path& file) {
  try {
    const core::FileIdentity identity(file);
    return identity.place() + " " + identity.fingerprint();
  } catch (const core::Error&) {
    return {};
  }
}

/// What was made of files, each read once and again only when its state_of() has changed. Not thread-safe.
template <class Value>
class KnownFiles {
 public:
  template <class Read>
  const Value& get(const std::filesystem::path& file, const Read& read) {
    const std::string state = state_of(file);
    auto& [known, value] = files_[file.lexically_normal()];
    if (known.empty() || known != state) {
      value = read(file);
      known = state;
      ++reads_;
    }
    return value;
  }
  std::size_t reads() const { return reads_; }

 private:
  std::map<std::filesystem::path, std::pair<std::string, Value>> files_;
  std::size_t reads_ = 0;
};

/// A file that may be a slide's statistics, as it was read.
struct StatisticsFile {
  std::optional<SlideStatistics> statistics;
  std::string problem;     ///< why there are none; empty where there are
  bool is_marked = false;  ///< with a problem: it says that it is of this program
};
using KnownStatistics = KnownFiles<StatisticsFile>;
StatisticsFile read_statistics_file(const std::filesystem::path& file);

/// The complete results of read_results() alone, whose files are looked up in `known`.
std::vector<CompleteResult> complete_results(const std::filesystem::path& folder, KnownStatistics& known);

/// A recorded failure: the slide, and the reason; empty where the file is damaged.
using FailureFile = std::pair<std::string, std::string>;
using KnownFailures = KnownFiles<FailureFile>;
/// As recorded_failures(folder), whose files are looked up in `known`.
std::map<std::string, std::string> recorded_failures(const std::filesystem::path& folder, KnownFailures& known);

}  // namespace wsi_lpd::output
