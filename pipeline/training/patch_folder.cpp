#include "wsi_lpd/pipeline/training/patch_folder.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "label_table.hpp"
#include "patch_files.hpp"
#include "patch_labels.hpp"
#include "patient_table.hpp"
#include "wsi_lpd/core/class_scheme.hpp"

namespace wsi_lpd::pipeline::training {
namespace fs = std::filesystem;
namespace {

/// What a part of the folder may be called. Throws UsageError where two of the names are there: one would pass unseen.
std::optional<fs::path> one_of(const fs::path& root, std::initializer_list<const char*> names) {
  std::optional<fs::path> found;
  for (const char* name : names) {
    if (!fs::exists(root / name)) continue;
    if (found)
      throw core::UsageError(root.string() + ": has both " + found->filename().string() + " and " + name + "; only one of them is taken");
    found = root / name;
  }
  return found;
}

std::string count_of(const std::vector<Patch>& patches, const char* where) {
  return patches.empty() ? "" : ", " + std::to_string(patches.size()) + " in " + where;
}

class Scan {
 public:
  Scan(const fs::path& root, const ScanOptions& options) : root_(root), options_(options) {
    if (!fs::exists(root)) throw core::UsageError(root.string() + ": no such folder of patches");
    if (!fs::is_directory(root)) throw core::UsageError(root.string() + ": is a file; a folder of patches is wanted");
  }

  PatchFolder run() {
    const std::optional<fs::path> valid = one_of(root_, {"valid", "val", "validation"}), test = one_of(root_, {"test", "testing"});
    PatchTally labelled;
    read_labelled({valid.value_or(""), test.value_or("")}, labelled);
    const bool wants_labels = options_.image_labels != ImageLabels::Unused;
    PatchTally tally = wants_labels ? std::move(labelled) : PatchTally{};
    result_.valid = with_masks(valid, tally);
    result_.test = with_masks(test, tally);
    const std::size_t used = (wants_labels ? result_.train.size() : 0) + result_.valid.size() + result_.test.size();
    tally.check(options_.skip_unusable, used);
    if (options_.image_labels == ImageLabels::Needed && result_.train.empty()) refuse_empty();
    result_.unusable = tally.lines();
    std::string patients = find_patients(wants_labels);
    const std::string counts = (wants_labels ? count_of(result_.train, "train") : "") + count_of(result_.valid, "valid") +
                               count_of(result_.test, "test"),
                      left_out = tally.left_out();
    result_.notes.push_back(root_.string() + ": " + std::to_string(used) + " patches" +
                            (counts.empty() ? "" : " (" + counts.substr(2) + ")") + (left_out.empty() ? "" : ", " + left_out));
    if (!patients.empty()) result_.notes.push_back(std::move(patients));
    return std::move(result_);
  }

 private:
  /// The patients of all images; those are counted whose labels are taken: of train/, else of valid/, else of test/.
  std::string find_patients(bool wants_labels) {
    std::vector<std::vector<Patch>*> parts{&result_.train, &result_.valid, &result_.test};
    if (!wants_labels) std::rotate(parts.begin(), parts.begin() + 1, parts.end());
    std::stable_partition(parts.begin(), parts.end(), [](const std::vector<Patch>* part) { return !part->empty(); });
    return options_.groups.empty() ? name_patients({root_, train_}, parts) : name_patients_by(options_.groups, parts);
  }

  void read_labelled(const std::vector<fs::path>& apart, PatchTally& tally) {
    const std::optional<fs::path> part = one_of(root_, {"train", "training"}), table = find_table(part);
    train_ = part.value_or(root_);
    const std::vector<fs::path> images = images_below(train_, apart, tally);
    if (const std::size_t beside = part ? images_beside(root_) : 0; beside > 0)
      tally.leave_out("beside " + part->filename().string() + "/", beside);
    LabelledPatches labelled =
        table ? labels_from_table(*table, images, options_.classes, tally) : labels_from_names(train_, images, options_.classes, tally);
    if (labelled.classes > core::kMaxClasses)
      tally.refuse(train_.string() + ": " + std::to_string(labelled.classes) + " classes, at most " + std::to_string(core::kMaxClasses) +
                   " are supported");
    if (!labelled.note.empty()) result_.notes.push_back(labelled.note);
    result_.train = std::move(labelled.patches);
    result_.classes = labelled.classes;
    result_.class_names = std::move(labelled.class_names);
    has_table_ = table.has_value();
  }

  std::optional<fs::path> find_table(const std::optional<fs::path>& part) const {
    std::optional<fs::path> table;
    for (const fs::path& folder : {root_, part.value_or(root_)}) {
      const fs::path path = folder / "labels.csv";
      if (!fs::is_regular_file(path) || path == table) continue;
      if (table) throw core::UsageError(path.string() + ": there is also " + table->string() + "; only one of them is taken");
      table = path;
    }
    return table;
  }

  /// img/ and mask/ with the same names but for the ending.
  static std::vector<Patch> with_masks(const std::optional<fs::path>& folder, PatchTally& tally) {
    std::vector<Patch> patches;
    if (!folder) return patches;
    const std::string name = folder->filename().string();
    if (!fs::is_directory(*folder / "img")) {
      PatchTally ignored;
      if (const std::size_t images = images_below(*folder, {}, ignored).size(); images > 0)
        tally.leave_out("in " + name + "/, which has no img/", images);
      return patches;
    }
    std::set<fs::path> masks;
    if (fs::is_directory(*folder / "mask")) {
      PatchTally ignored;  // an image whose mask is no good is said to have none
      const std::vector<fs::path> all = images_below(*folder / "mask", {}, ignored);
      masks.insert(all.begin(), all.end());
    }
    for (const fs::path& image : images_below(*folder / "img", {}, tally)) {
      fs::path mask = *folder / "mask" / image.lexically_relative(*folder / "img");
      const auto is_there = [&](const char* ending) { return masks.erase(mask.replace_extension(ending)) > 0; };
      if (is_there(".png") || is_there(".tif") || is_there(".tiff")) {
        patches.push_back({image, mask, {}});
      } else {
        tally.unusable("without a mask", image.string() + ": no mask " + mask.replace_extension(".png").string());
      }
    }
    if (!masks.empty()) tally.leave_out("masks without an image", masks.size());
    return patches;
  }

  [[noreturn]] void refuse_empty() const {
    const bool has_masks = !result_.valid.empty() || !result_.test.empty();
    throw core::UsageError(
        (has_table_ ? root_.string() + ": labels.csv names no image" : train_.string() + ": no PNG, JPEG or TIFF image in it") +
        " to train on" + (has_masks ? "; valid/ and test/ alone are for evaluate and calibrate" : ""));
  }

  const fs::path& root_;
  const ScanOptions& options_;
  fs::path train_;
  bool has_table_ = false;
  PatchFolder result_;
};

}  // namespace

PatchFolder scan_patches(const fs::path& folder, const ScanOptions& options) { return Scan(folder, options).run(); }

std::vector<Patch> scan_unlabelled(const fs::path& folder, int classes, bool skip_unusable) {
  if (!fs::is_directory(folder)) throw core::UsageError(folder.string() + ": no such folder of images");
  PatchTally tally;
  std::vector<Patch> patches;
  for (const fs::path& image : images_below(folder, {}, tally))
    patches.push_back({image, {}, std::vector<float>(static_cast<std::size_t>(classes), NAN)});
  tally.check(skip_unusable, patches.size());
  if (patches.empty()) throw core::UsageError(folder.string() + ": no PNG, JPEG or TIFF image in it");
  return patches;
}

}  // namespace wsi_lpd::pipeline::training
