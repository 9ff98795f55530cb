#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::output {

// Every function here is thread-safe.

/// The columns of `summary.csv`, which depend on the classes of its slides. Lines end with a line break. Not thread-safe.
class SummaryColumns {
 public:
  /// Adds the columns that the slide needs, behind those that are there. False where it needs no others.
  bool add(const SlideStatistics& slide);
  std::string header() const;
  /// The line of a complete slide, whose columns were added.
  std::string line(const SlideStatistics& slide) const;
  std::string failure_line(const std::string& slide, const std::string& reason) const;

 private:
  std::vector<std::string> names() const;

  std::vector<std::string> classes_;                             // in the order of their first appearance
  std::vector<std::pair<std::string, std::string>> interfaces_;  // pairs of classes, in either order
};

/// The text of `summary.csv`: a line of column names, one line for each complete slide, and one for each failed slide. `failures` maps a
/// slide's path to its reason.
std::string summary_text(const std::vector<SlideStatistics>& slides, const std::map<std::string, std::string>& failures = {});
/// Writes that text to `path` as a whole, through a PartFile. Throws Error with the path and the reason.
void write_summary(const std::filesystem::path& path, const std::vector<SlideStatistics>& slides,
                   const std::map<std::string, std::string>& failures = {});
/// The failed slides of a `summary.csv`, path to reason; none when the file is absent. Throws Error when the file can't be read or lacks
/// one of the columns slide, status and reason.
std::map<std::string, std::string> read_failures(const std::filesystem::path& summary);

}  // namespace wsi_lpd::output
