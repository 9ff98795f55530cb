#include "slide_list.hpp"

#include <algorithm>
#include <sstream>

#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/slide/resolution.hpp"

namespace wsi_lpd::pipeline::archive {
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
  const core::CsvTable table = core::CsvTable::read(manifest);
  table.refuse_columns_beside({"slide", "mpp", "name"},
                              "a manifest has the columns slide and, if wanted, mpp (um per pixel of level 0) and name (of the results)");
  table.refuse_repeated_columns();
  const std::size_t slide = table.required_column("slide");
  const std::optional<std::size_t> mpp = table.column("mpp"), name = table.column("name");
  std::vector<FoundSlide> found;
  found.reserve(table.rows.size());
  for (const core::CsvTable::Row& row : table.rows) {
    const std::string where = table.where(row);
    if (row.fields[slide].empty()) throw core::UsageError(where + ": no slide is named");
    FoundSlide entry{.slide = (manifest.parent_path() / row.fields[slide]).string(), .where = where};
    if (mpp && !row.fields[*mpp].empty()) {
      try {
        entry.mpp = slide::checked_mpp(table.number(row.fields[*mpp]), row.fields[*mpp]);
      } catch (const core::Error& error) {
        entry.failure = where + ": " + error.what();
      }
    }
    if (name && !row.fields[*name].empty()) {
      entry.name = row.fields[*name];
      if (!is_result_name(entry.name))
        throw core::UsageError(where + ": name '" + entry.name +
                               "' is no place below the output folder; e.g. case1/slide, without dots in front");
    }
    found.push_back(std::move(entry));
  }
  return found;
}

std::vector<FoundSlide> read_list(const fs::path& list) {
  std::istringstream stream(core::read_text_file(list));
  std::vector<FoundSlide> found;
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    if (++number == 1 && line.starts_with(core::kByteOrderMark)) line.erase(0, core::kByteOrderMark.size());
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const std::string name = core::trimmed(line);
    if (name.empty() || name.starts_with('#')) continue;
    found.push_back({.slide = (list.parent_path() / name).string(), .where = list.string() + " line " + std::to_string(number)});
  }
  return found;
}

}  // namespace wsi_lpd::pipeline::archive
