#include "slide_parts.hpp"

#include <fstream>
#include <set>
#include <string>

#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/file_names.hpp"
#include "wsi_lpd/slide/archive_file.hpp"

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;
namespace {

void add_folder(std::vector<fs::path>& parts, const fs::path& folder) {
  std::error_code none;
  for (auto entry = fs::recursive_directory_iterator(folder, none); !none && entry != fs::end(entry); entry.increment(none))
    if (entry->is_regular_file(none)) parts.push_back(entry->path());
}

/// VMS and VMU: lines `key=file`. Files elsewhere are not known to any reader.
void add_named_files(std::vector<fs::path>& parts, const fs::path& slide) {
  std::ifstream lines(slide);
  std::set<fs::path> named;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const fs::path name = core::trimmed(line.substr(equals + 1));
    std::error_code none;
    if (name.has_filename() && !name.has_parent_path() && fs::is_regular_file(slide.parent_path() / name, none)) named.insert(name);
  }
  named.erase(slide.filename());
  for (const fs::path& name : named) parts.push_back(slide.parent_path() / name);
}

void add_series(std::vector<fs::path>& parts, const fs::path& slide) {
  const auto series = slide::series(slide);
  const fs::path folder = slide.parent_path().empty() ? "." : slide.parent_path();
  std::error_code none;
  for (auto entry = fs::directory_iterator(folder, none); !none && entry != fs::end(entry); entry.increment(none)) {
    const fs::path file = slide.parent_path() / entry->path().filename();
    if (file != slide && entry->is_regular_file(none) && slide::series(file) == series) parts.push_back(file);
  }
}

}  // namespace

std::optional<std::vector<fs::path>> parts_of_slide(const fs::path& slide) {
  static const std::set<std::string> kSingleFiles{"aperio",  "generic-tiff", "hamamatsu", "image",   "leica",
                                                  "philips", "philips-tiff", "sakura",    "ventana", "zeiss"};
  const std::string format = slide::format_of(slide), ending = core::lower_ending(slide);
  std::vector<fs::path> parts{slide};
  if (format == "mirax") {
    add_folder(parts, slide.parent_path() / slide.stem());
  } else if (ending == ".vsi") {
    add_folder(parts, slide.parent_path() / ("_" + slide.stem().string() + "_"));
  } else if (ending == ".vms" || ending == ".vmu") {
    add_named_files(parts, slide);
  } else if (format == "dicom") {
    add_series(parts, slide);
  } else if (!kSingleFiles.contains(format)) {
    return {};
  }
  return parts;
}

}  // namespace wsi_lpd::pipeline::archive
