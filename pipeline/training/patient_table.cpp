#include "patient_table.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <utility>

#include "table_images.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::pipeline::training {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void refuse_two_patients(const std::string& where, const std::string& one, const std::string& other) {
  throw core::UsageError(where + " is of " + one + " in another line, and here of " + other + "; delete the wrong line");
}

/// The images of a part by what tables call them: the same name may be in several parts.
struct NamedPart {
  NamedPart(const fs::path& folder, std::vector<Patch>& patches) : by_image(images_of(patches)), names(folder, paths_of(by_image)) {}
  std::map<fs::path, Patch*> by_image;
  TableImages names;

 private:
  static std::map<fs::path, Patch*> images_of(std::vector<Patch>& patches) {
    std::map<fs::path, Patch*> images;
    for (Patch& patch : patches) images[patch.image.lexically_normal()] = &patch;
    return images;
  }
  static std::vector<fs::path> paths_of(const std::map<fs::path, Patch*>& images) {
    std::vector<fs::path> paths;
    paths.reserve(images.size());
    for (const auto& [path, patch] : images) paths.push_back(path);
    return paths;
  }
};

/// The patients of images, and how many images have none that is known.
std::pair<std::size_t, std::size_t> count_patients(const std::vector<Patch>& patches) {
  std::set<std::string> patients;
  std::size_t unknown = 0;
  for (const Patch& patch : patches) patch.patient.empty() ? void(++unknown) : void(patients.insert(patch.patient));
  return {patients.size(), unknown};
}

std::string read_table(const fs::path& path, const std::string& column, const std::string& kind, PatchParts parts) {
  const core::CsvTable table = core::CsvTable::read(path);
  const auto file = table.column("file"), patient = table.column(column);
  if (!file || !patient)
    throw core::UsageError(path.string() + ": its first line names no column '" + (file ? column : "file") + "'; write file," + column);
  std::vector<NamedPart> named;
  for (std::vector<Patch>* part : parts) named.emplace_back(path.parent_path(), *part);
  std::size_t without_image = 0;
  for (const core::CsvTable::Row& row : table.rows) {
    const std::string& name = row.fields[*patient];
    const std::string where = table.where(row) + ": ";
    if (row.fields[*file].empty()) throw core::UsageError(where + "no file is named");
    Patch* patch = nullptr;
    bool is_there = false;
    for (auto part = named.begin(); part != named.end() && !patch; ++part) {
      const TableImages::Found found = part->names.find(row.fields[*file]);
      if (!found.problem.empty() && found.kind.empty()) throw core::UsageError(where + found.problem);
      is_there = is_there || found.problem.empty();
      if (const auto at = part->by_image.find(found.image); at != part->by_image.end()) patch = at->second;
    }
    without_image += !is_there;
    if (!patch || name.empty()) continue;  // an image that is not used
    if (!patch->patient.empty() && patch->patient != name) refuse_two_patients(where + row.fields[*file], patch->patient, name);
    patch->patient = name;
  }
  const auto [patients, unknown] = count_patients(*parts.front());
  std::string note = path.string() + ": the images are of " + std::to_string(patients) + " " + kind;
  if (unknown > 0) note += ", " + std::to_string(unknown) + " are of none that is known";
  if (without_image > 0) note += ", " + std::to_string(without_image) + " lines name files that are not there";
  return note;
}

}  // namespace

std::string name_patients(const std::vector<fs::path>& folders, PatchParts parts) {
  for (const fs::path& folder : folders)
    if (fs::is_regular_file(folder / "patients.csv")) return read_table(folder / "patients.csv", "patient", "patients", parts);
  for (const fs::path& folder : folders) {
    const fs::path table = folder / "patches.csv";  // only where `tile` wrote it: others may call a table so, too
    if (fs::is_regular_file(table) && core::read_text_file(table).starts_with("file,slide,"))
      return read_table(table, "slide", "slides, each of which counts as a patient", parts);
  }
  return {};
}

std::string name_patients_by(const std::string& pattern, PatchParts parts) {
  const std::string where = "--groups '" + pattern + "': ";
  try {
    const std::regex expression(pattern, std::regex::ECMAScript);
    for (std::vector<Patch>* part : parts) {
      for (Patch& patch : *part) {
        const std::string name = patch.image.stem().string();
        std::smatch match;
        patch.patient = std::regex_search(name, match, expression) ? match[match.size() > 1 ? 1 : 0].str() : "";
      }
    }
  } catch (const std::regex_error& error) {
    throw core::UsageError(where + "is no regular expression (" + error.what() +
                           "); one that takes a name up to its first _ is '^([^_]+)'");
  }
  const std::vector<Patch>& counted = *parts.front();
  const auto [patients, unknown] = count_patients(counted);
  if (patients == 0 && !counted.empty())
    throw core::UsageError(where + "matches no image's name, such as " + counted.front().image.stem().string() +
                           "; give an expression whose first group is the patient in it");
  std::string note = where + "the images are of " + std::to_string(patients) + " patients";
  if (unknown > 0) note += ", " + std::to_string(unknown) + " are of none that is known, because their names do not match";
  return note;
}

}  // namespace wsi_lpd::pipeline::training
