#include "wsi_lpd/pipeline/patch_folder.hpp"

#include <algorithm>
#include <optional>

#include "patch_files.hpp"
#include "patch_labels.hpp"
#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::pipeline {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMostLines = 10;  ///< of one error

std::optional<fs::path> first_folder(const fs::path& root, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (fs::is_directory(root / name)) return root / name;
  }
  return {};
}

/// What is left out and what lies deeper is said.
std::vector<fs::path> find_images(const fs::path& folder, const std::vector<std::string>& except, PatchFolder& result,
                                  std::vector<std::string>& problems) {
  std::vector<std::string> found_problems;
  PatchFiles files = find_patch_files(folder, except, found_problems);
  problems.insert(problems.end(), found_problems.begin(), found_problems.end());
  std::string left_out;
  for (const auto& [kind, count] : files.left_out)
    left_out.append(left_out.empty() ? "" : ", ").append(std::to_string(count)).append(" ").append(kind);
  if (!left_out.empty()) result.notes.push_back(folder.string() + ": left out: " + left_out);
  const auto is_deeper = [&](const fs::path& image) { return image.parent_path() != folder; };
  if (const auto deeper = std::ranges::count_if(files.images, is_deeper); deeper > 0)
    result.notes.push_back(folder.string() + ": " + std::to_string(deeper) + " of " + std::to_string(files.images.size()) +
                           " images lie in folders below it");
  return std::move(files.images);
}

/// img/ and mask/ with the same names but for the extension.
std::vector<Patch> with_masks(const std::optional<fs::path>& folder, PatchFolder& result, std::vector<std::string>& problems) {
  std::vector<Patch> patches;
  if (!folder || !fs::is_directory(*folder / "img")) return patches;
  for (const fs::path& image : find_images(*folder / "img", {}, result, problems)) {
    const fs::path below = image.lexically_relative(*folder / "img");
    const fs::path mask = *folder / "mask" / below.parent_path() / (below.stem().string() + ".png");
    if (!fs::is_regular_file(mask)) problems.push_back(image.string() + ": no mask " + mask.string());
    patches.push_back({image, mask, {}});
  }
  return patches;
}

std::string text_of(const std::vector<std::string>& problems) {
  if (problems.size() <= kMostLines) return joined(problems, "\n");
  return joined({problems.begin(), problems.begin() + kMostLines}, "\n") + "\nand " + std::to_string(problems.size() - kMostLines) +
         " more problems like these";
}

}  // namespace

PatchError::PatchError(const std::vector<std::string>& problems) : Error(text_of(problems)), count_(problems.size()) {}

PatchFolder scan_patches(const fs::path& folder) {
  if (!fs::exists(folder)) throw UsageError(folder.string() + ": no such folder of patches");
  if (!fs::is_directory(folder)) throw UsageError(folder.string() + ": is a file; a folder of patches is wanted");
  PatchFolder result;
  std::vector<std::string> problems;
  const std::optional<fs::path> own = first_folder(folder, {"train", "training"});
  const fs::path& train = own ? *own : folder;
  const std::vector<fs::path> images =
      find_images(train, own ? std::vector<std::string>() : std::vector<std::string>{"valid", "val", "test"}, result, problems);
  const fs::path table = fs::is_regular_file(folder / "labels.csv") ? folder / "labels.csv" : train / "labels.csv";
  const bool has_table = fs::is_regular_file(table);
  LabelledPatches labelled = has_table ? labels_from_table(table, train, images, problems) : labels_from_names(train, images, problems);
  result.train = std::move(labelled.patches);
  result.classes = labelled.classes;
  result.class_names = std::move(labelled.class_names);
  result.notes.insert(result.notes.end(), labelled.notes.begin(), labelled.notes.end());
  result.valid = with_masks(first_folder(folder, {"valid", "val"}), result, problems);
  result.test = with_masks(first_folder(folder, {"test"}), result, problems);
  if (result.train.empty() && result.valid.empty() && result.test.empty() && problems.empty())
    throw UsageError(has_table ? table.string() + ": names no image" : train.string() + ": no PNG, JPEG or TIFF image in it");
  if (result.classes > kMaxClasses)
    problems.push_back(train.string() + ": " + std::to_string(result.classes) + " classes, at most " + std::to_string(kMaxClasses) +
                       " are supported");
  if (!problems.empty()) throw PatchError(problems);
  return result;
}

void reorder_classes(PatchFolder& patches, const std::vector<std::string>& names) {
  if (patches.class_names == names || !std::ranges::is_permutation(patches.class_names, names)) return;
  for (Patch& patch : patches.train) {
    std::vector<float> labels;
    labels.reserve(names.size());
    for (const std::string& name : names)
      labels.push_back(patch.labels[static_cast<std::size_t>(std::ranges::find(patches.class_names, name) - patches.class_names.begin())]);
    patch.labels = std::move(labels);
  }
  patches.notes.push_back("the classes of the images' labels (" + joined(patches.class_names, " ") + ") are put in the order " +
                          joined(names, " "));
  patches.class_names = names;
}

}  // namespace wsi_lpd::pipeline
