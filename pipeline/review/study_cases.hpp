#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::pipeline::review {

/// A line of a study's table.
struct CaseLine {
  std::string where;  ///< "groups.csv line 3", for errors
  std::string slide, case_name, group;
};

/// Reads the columns slide, case and, if wanted, group. Throws UsageError: another column, no slide in a line, a case in two groups; Error.
/// A line without a group has that of its case in other lines.
std::vector<CaseLine> read_case_lines(const std::filesystem::path& table);

/// A slide that a line may mean: of a complete result, or of one that there is not.
struct KnownSlide {
  std::string slide;                      ///< as summary.csv names it; empty where that is not known
  std::string place{};                    ///< of its results below their folder, with /; empty where it has none
  std::optional<std::size_t> complete{};  ///< index into ResultFolder::complete
  bool failed_later = false;              ///< complete, but the last run failed on it
  std::string reason{}, explanation{};    ///< why it can't be used, where it is not complete
};

/// All slides of a folder of results: complete ones, failed ones, and then what is unfinished, in work or damaged, by its place.
std::vector<KnownSlide> known_slides(const output::ResultFolder& results);

/// Finds the slides that lines of a table mean. A line means a slide by its path as summary.csv has it, the same path taken from the
/// current folder or from the table's, or the place of its results below their folder. Where that finds none, the last parts of the path
/// or of the place are enough, with or without the slide's ending.
class SlideNames {
 public:
  SlideNames(const std::vector<KnownSlide>& slides, const std::filesystem::path& table);
  /// Nothing where there is no such slide. Throws UsageError where there are several.
  std::optional<std::size_t> find(const CaseLine& line) const;

 private:
  const std::vector<KnownSlide>& slides_;
  std::filesystem::path table_folder_;
  std::map<std::string, std::vector<std::size_t>> by_last_part_;
};

}  // namespace wsi_lpd::pipeline::review
