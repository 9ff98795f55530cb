#include "patient_table.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "table_images.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::pipeline::training {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void refuse_two_patients(const std::string& where, const std::string& one, const std::string& other) {
  throw core::UsageError(where + " is of " + one + " in another line, and here of " + other + "; delete the wrong line");
}

std::string read_table(const fs::path& path, const std::string& column, const std::string& kind, std::vector<Patch>& patches) {
  const core::CsvTable table = core::CsvTable::read(path);
  const auto file = table.column("file"), patient = table.column(column);
  if (!file || !patient)
    throw core::UsageError(path.string() + ": its first line names no column '" + (file ? column : "file") + "'; write file," + column);
  std::vector<fs::path> images;
  std::map<fs::path, Patch*> by_image;
  images.reserve(patches.size());
  for (Patch& patch : patches) by_image[images.emplace_back(patch.image.lexically_normal())] = &patch;
  TableImages names(path.parent_path(), images);
  std::set<std::string> patients;
  std::size_t without_image = 0;
  for (const core::CsvTable::Row& row : table.rows) {
    const std::string& name = row.fields[*patient];
    const std::string where = table.where(row) + ": ";
    if (row.fields[*file].empty()) throw core::UsageError(where + "no file is named");
    const auto [image, problem, kind_of_problem] = names.find(row.fields[*file]);
    if (!problem.empty() && kind_of_problem.empty()) throw core::UsageError(where + problem);
    without_image += !problem.empty();
    const auto found = by_image.find(image);
    if (found == by_image.end() || name.empty()) continue;  // an image of valid/ or test/
    std::string& known = found->second->patient;
    if (!known.empty() && known != name) refuse_two_patients(where + row.fields[*file], known, name);
    known = name;
    patients.insert(name);
  }
  const auto unknown = std::ranges::count_if(patches, [](const Patch& patch) { return patch.patient.empty(); });
  std::string note = path.string() + ": the images to train on are of " + std::to_string(patients.size()) + " " + kind;
  if (unknown > 0) note += ", " + std::to_string(unknown) + " images without one count as one each";
  if (without_image > 0) note += ", " + std::to_string(without_image) + " lines name files that are not there";
  return note;
}

}  // namespace

std::string name_patients(const std::vector<fs::path>& folders, std::vector<Patch>& patches) {
  for (const fs::path& folder : folders)
    if (fs::is_regular_file(folder / "patients.csv")) return read_table(folder / "patients.csv", "patient", "patients", patches);
  for (const fs::path& folder : folders) {
    const fs::path table = folder / "patches.csv";  // only where `tile` wrote it: others may call a table so, too
    if (fs::is_regular_file(table) && core::read_text_file(table).starts_with("file,slide,"))
      return read_table(table, "slide", "slides, each of which counts as a patient", patches);
  }
  return {};
}

std::string name_patients_by(const std::string& pattern, std::vector<Patch>& patches) {
  const std::string where = "--groups '" + pattern + "': ";
  std::set<std::string> patients;
  std::size_t unknown = 0;
  try {
    const std::regex expression(pattern, std::regex::ECMAScript);
    for (Patch& patch : patches) {
      const std::string name = patch.image.stem().string();
      std::smatch match;
      patch.patient = std::regex_search(name, match, expression) ? match[match.size() > 1 ? 1 : 0].str() : "";
      patch.patient.empty() ? void(++unknown) : void(patients.insert(patch.patient));
    }
  } catch (const std::regex_error& error) {
    throw core::UsageError(where + "is no regular expression (" + error.what() +
                           "); one that takes a name up to its first _ is '^([^_]+)'");
  }
  if (patients.empty() && !patches.empty())
    throw core::UsageError(where + "matches no image's name, such as " + patches.front().image.stem().string() +
                           "; give an expression whose first group is the patient in it");
  std::string note = where + "the images are of " + std::to_string(patients.size()) + " patients";
  if (unknown > 0) note += ", " + std::to_string(unknown) + " images whose names do not match count as one each";
  return note;
}

}  // namespace wsi_lpd::pipeline::training
