#include <algorithm>
#include <sstream>

#include "found_slides.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::pipeline {
namespace fs = std::filesystem;
namespace {

/// Folders and stem below the output folder: nothing that leads out of it, or into what is hidden.
bool is_result_name(const std::string& name) {
  const fs::path path(name);
  if (path.is_absolute() || !path.has_filename()) return false;
  return std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part.string().starts_with('.'); });
}

}  // namespace

std::vector<FoundSlide> read_manifest(const fs::path& manifest) {
  const Table table = parse_table(read_text_file(manifest), manifest.string());
  std::optional<std::size_t> slide, mpp, name;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& column = table.columns[i];
    std::optional<std::size_t>* const place = same_name(column, "slide")  ? &slide
                                              : same_name(column, "mpp")  ? &mpp
                                              : same_name(column, "name") ? &name
                                                                          : nullptr;
    if (!place) {
      throw UsageError(manifest.string() + ": unknown column '" + column +
                       "'; a manifest has the columns slide and, if wanted, mpp (um per pixel of level 0) and name (of the results)");
    }
    if (*place) throw UsageError(manifest.string() + ": two columns are called '" + column + "'");
    *place = i;
  }
  if (!slide) throw UsageError(manifest.string() + ": its first line names no column 'slide'");
  std::vector<FoundSlide> found;
  found.reserve(table.rows.size());
  for (const Table::Row& row : table.rows) {
    const std::string where = manifest.string() + " line " + std::to_string(row.line);
    if (row.fields[*slide].empty()) throw UsageError(where + ": no slide is named");
    FoundSlide entry{.slide = manifest.parent_path() / row.fields[*slide], .where = where};
    if (mpp && !row.fields[*mpp].empty()) {
      entry.mpp = table.number(row.fields[*mpp]);
      if (!entry.mpp || !slide::is_plausible_mpp(*entry.mpp)) {
        entry.mpp.reset();
        entry.failure = where + ": mpp '" + row.fields[*mpp] + "' is no number of um per pixel from " + shortest(slide::kFinestMpp) +
                        " to " + shortest(slide::kCoarsestMpp);
      }
    }
    if (name && !row.fields[*name].empty()) {
      entry.name = row.fields[*name];
      if (!is_result_name(entry.name))
        throw UsageError(where + ": name '" + entry.name +
                         "' is no place below the output folder; e.g. case1/slide, without dots in front");
    }
    found.push_back(std::move(entry));
  }
  return found;
}

std::vector<FoundSlide> read_list(const fs::path& list) {
  std::istringstream stream(read_text_file(list));
  std::vector<FoundSlide> found;
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    if (++number == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (trimmed(line).empty() || line[0] == '#') continue;
    found.push_back({.slide = list.parent_path() / line, .where = list.string() + " line " + std::to_string(number)});
  }
  return found;
}

}  // namespace wsi_lpd::pipeline
