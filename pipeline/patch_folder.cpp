#include "wsi_lpd/pipeline/patch_folder.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::pipeline {
namespace fs = std::filesystem;
namespace {

bool is_image(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg" || extension == ".tif" || extension == ".tiff";
}

std::vector<fs::path> images_in(const fs::path& folder) {
  std::vector<fs::path> images;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && is_image(entry.path())) images.push_back(entry.path());
  }
  std::sort(images.begin(), images.end());
  return images;
}

std::optional<fs::path> first_folder(const fs::path& root, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (fs::is_directory(root / name)) return root / name;
  }
  return {};
}

/// "NAME[101].png" → "101"; empty when the name has no such end.
std::string label_digits(const fs::path& image) {
  const std::string name = image.stem().string();
  const std::size_t open = name.rfind('[');
  if (open == std::string::npos || name.back() != ']' || open + 2 >= name.size()) return {};
  const std::string digits = name.substr(open + 1, name.size() - open - 2);
  return digits.find_first_not_of("01") == std::string::npos ? digits : std::string{};
}

void add_labels(Patch& patch, const std::vector<float>& labels, std::vector<std::string>& problems) {
  if (std::find(labels.begin(), labels.end(), 1.0F) == labels.end())
    problems.push_back(patch.image.string() + ": none of its image labels is 1");
  patch.labels = labels;
}

/// Labels in the names. The number of digits that most images have is taken as the number of classes.
std::vector<Patch> from_names(const fs::path& folder, int& classes, std::vector<std::string>& problems) {
  std::vector<Patch> patches;
  std::map<std::size_t, int> votes;
  const std::vector<fs::path> images = images_in(folder);
  for (const fs::path& image : images) ++votes[label_digits(image).size()];
  votes.erase(0);
  const auto winner = std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  classes = winner == votes.end() ? 0 : static_cast<int>(winner->first);
  for (const fs::path& image : images) {
    const std::string digits = label_digits(image);
    Patch patch{image, {}, {}};
    if (digits.empty()) {
      problems.push_back(image.string() + ": no image labels; name it like NAME[101].png, one digit a class, or write labels.csv");
    } else if (static_cast<int>(digits.size()) != classes) {
      problems.push_back(image.string() + ": " + std::to_string(digits.size()) + " label digits, but most images have " +
                         std::to_string(classes));
    } else {
      std::vector<float> labels;
      for (const char digit : digits) labels.push_back(digit == '1' ? 1.0F : 0.0F);
      add_labels(patch, labels, problems);
    }
    patches.push_back(std::move(patch));
  }
  return patches;
}

/// The first line of a table: file,CLASS,CLASS,…
void read_columns(const std::vector<std::string>& fields, PatchFolder& result, const std::string& where) {
  const bool semicolons = fields[0].starts_with("file;");  // some spreadsheets save them for commas
  if (semicolons) throw UsageError(where + ": fields are separated by semicolons; save the table with commas");
  if (fields[0] != "file") throw UsageError(where + ": the table must start with file,CLASS,CLASS,…");
  if (fields.size() < 2) throw UsageError(where + ": has no column for a class; add one for each: file,CLASS,CLASS,…");
  result.class_names.assign(fields.begin() + 1, fields.end());
  result.classes = static_cast<int>(fields.size()) - 1;
}

/// One line for all images that wait for their labels, as `tile` leaves them.
std::string lack_of_labels(const fs::path& table, const std::vector<std::string>& images, std::size_t of) {
  constexpr std::size_t kNamed = 5;
  std::string line = table.string() + ": " + std::to_string(images.size()) + " of " + std::to_string(of) +
                     (of == 1 ? " image lacks" : " images lack") + " labels; fill in 0 or 1 in each column, or delete the line: ";
  for (std::size_t i = 0; i < std::min(kNamed, images.size()); ++i) line += (i > 0 ? ", " : "") + images[i];
  return images.size() > kNamed ? line + " and " + std::to_string(images.size() - kNamed) + " more" : line;
}

std::vector<Patch> from_csv(const fs::path& table, PatchFolder& result, std::vector<std::string>& problems) {
  std::ifstream stream(table);
  std::vector<Patch> patches;
  std::vector<std::string> unlabelled;
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (number == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    const std::vector<std::string> fields = split_csv(line);
    const std::string where = table.string() + " line " + std::to_string(number);
    if (number == 1) {
      read_columns(fields, result, where);
      continue;
    }
    if (static_cast<int>(fields.size()) != result.classes + 1) {
      problems.push_back(where + ": " + std::to_string(fields.size() - 1) + " labels, but the first line names " +
                         std::to_string(result.classes) + " classes");
      continue;
    }
    Patch patch{table.parent_path() / fields[0], {}, {}};
    std::vector<float> labels;
    const bool is_labelled = std::find(fields.begin() + 1, fields.end(), "") == fields.end();
    if (!is_labelled) unlabelled.push_back(fields[0]);
    for (auto field = fields.begin() + 1; is_labelled && field != fields.end(); ++field) {
      if (*field != "0" && *field != "1") {
        problems.push_back(where + ": label '" + *field + "' is neither 0 nor 1");
        break;
      }
      labels.push_back(*field == "1" ? 1.0F : 0.0F);
    }
    if (static_cast<int>(labels.size()) == result.classes) add_labels(patch, labels, problems);
    if (!fs::is_regular_file(patch.image)) problems.push_back(where + ": no file " + patch.image.string());
    patches.push_back(std::move(patch));
  }
  if (!unlabelled.empty()) problems.push_back(lack_of_labels(table, unlabelled, patches.size()));
  return patches;
}

/// img/ and mask/ with the same names but for the extension.
std::vector<Patch> with_masks(const std::optional<fs::path>& folder, std::vector<std::string>& problems) {
  std::vector<Patch> patches;
  if (!folder || !fs::is_directory(*folder / "img")) return patches;
  for (const fs::path& image : images_in(*folder / "img")) {
    const fs::path mask = *folder / "mask" / (image.stem().string() + ".png");
    if (!fs::is_regular_file(mask)) problems.push_back(image.string() + ": no mask " + mask.string());
    patches.push_back({image, mask, {}});
  }
  return patches;
}

}  // namespace

PatchError::PatchError(const std::vector<std::string>& problems) : Error(joined(problems, "\n")), count_(problems.size()) {}

PatchFolder scan_patches(const fs::path& folder) {
  if (!fs::exists(folder)) throw UsageError(folder.string() + ": no such folder of patches");
  if (!fs::is_directory(folder)) throw UsageError(folder.string() + ": is a file; a folder of patches is wanted");
  PatchFolder result;
  std::vector<std::string> problems;
  const fs::path train = first_folder(folder, {"train", "training"}).value_or(folder);
  const fs::path table = fs::is_regular_file(folder / "labels.csv") ? folder / "labels.csv" : train / "labels.csv";
  const bool has_table = fs::is_regular_file(table);
  result.train = has_table ? from_csv(table, result, problems) : from_names(train, result.classes, problems);
  result.valid = with_masks(first_folder(folder, {"valid", "val"}), problems);
  result.test = with_masks(first_folder(folder, {"test"}), problems);
  if (result.train.empty() && problems.empty())
    throw UsageError(has_table ? table.string() + ": names no image" : train.string() + ": no PNG, JPEG or TIFF image in it");
  if (result.classes > kMaxClasses)
    problems.push_back(train.string() + ": " + std::to_string(result.classes) + " classes, at most " + std::to_string(kMaxClasses) +
                       " are supported");
  if (!problems.empty()) throw PatchError(problems);
  return result;
}

}  // namespace wsi_lpd::pipeline
