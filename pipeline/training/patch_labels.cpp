#include "patch_labels.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "wsi_lpd/pipeline/training/class_order.hpp"

namespace wsi_lpd::pipeline::training {
namespace fs = std::filesystem;
namespace {

constexpr const char* kHowToLabel =
    ": no image labels; name it like NAME[101].png, one digit a class, put it into a folder of its class, or write labels.csv";

/// "TUM" of FOLDER/TUM/more/image.png; empty for images in the folder itself.
std::string class_folder(const fs::path& folder, const fs::path& image) {
  const fs::path below = image.lexically_relative(folder).parent_path();
  return below.empty() ? "" : below.begin()->string();
}

/// The number of digits that most images have is taken as the number of classes.
LabelledPatches from_digits(const std::vector<fs::path>& images, PatchTally& tally) {
  std::map<std::size_t, int> votes;
  for (const fs::path& image : images) ++votes[label_digits(image).size()];
  votes.erase(0);
  const auto winner = std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  LabelledPatches result;
  if (winner != votes.end()) result.classes = static_cast<int>(winner->first);
  for (const fs::path& image : images) {
    const std::string digits = label_digits(image);
    if (digits.empty()) {
      tally.unusable("without a label", image.string() + kHowToLabel);
    } else if (static_cast<int>(digits.size()) != result.classes) {
      tally.unusable("with another number of labels", image.string() + ": " + std::to_string(digits.size()) +
                                                          " label digits, but most images have " + std::to_string(result.classes));
    } else {
      std::vector<float> labels;
      labels.reserve(digits.size());
      for (const char digit : digits) labels.push_back(digit == '1' ? 1.0F : 0.0F);
      add_labelled(result, image, std::move(labels), tally);
    }
  }
  return result;
}

LabelledPatches from_folders(const fs::path& folder, const std::vector<fs::path>& images, const std::vector<std::string>& names,
                             const std::vector<std::string>& wanted, PatchTally& tally) {
  const ClassOrder match = match_names(folder.string(), names, wanted, true);
  LabelledPatches result;
  result.class_names = wanted.empty() ? names : wanted;
  result.classes = static_cast<int>(result.class_names.size());
  for (const fs::path& image : images) {
    const auto name = std::find(names.begin(), names.end(), class_folder(folder, image));
    if (name == names.end()) {
      tally.unusable("without a label", image.string() + kHowToLabel);
      continue;
    }
    std::vector<float> labels(result.class_names.size(), 0.0F);
    labels[match.order[static_cast<std::size_t>(name - names.begin())]] = 1;
    add_labelled(result, image, std::move(labels), tally);
  }
  return result;
}

}  // namespace

std::string label_digits(const fs::path& image) {
  const std::string name = image.stem().string();
  const std::size_t open = name.rfind('[');
  if (open == std::string::npos || name.back() != ']') return {};
  std::string digits = name.substr(open + 1, name.size() - open - 2);
  std::erase_if(digits, [](char character) { return std::string_view(" ,;_").find(character) != std::string_view::npos; });
  return digits.find_first_not_of("01") == std::string::npos ? digits : std::string{};
}

void add_labelled(LabelledPatches& result, const fs::path& image, std::vector<float> labels, PatchTally& tally) {
  if (std::find(labels.begin(), labels.end(), 1.0F) == labels.end()) {
    tally.unusable("of no class", image.string() + ": none of its image labels is 1");
  } else {
    result.patches.push_back({image, {}, std::move(labels)});
  }
}

LabelledPatches labels_from_names(const fs::path& folder, const std::vector<fs::path>& images, const std::vector<std::string>& wanted,
                                  PatchTally& tally) {
  std::set<std::string> folders;
  for (const fs::path& image : images) folders.insert(class_folder(folder, image));
  folders.erase("");
  const bool has_digits = std::any_of(images.begin(), images.end(), [](const fs::path& image) { return !label_digits(image).empty(); });
  if (has_digits || folders.size() < 2) return from_digits(images, tally);
  return from_folders(folder, images, {folders.begin(), folders.end()}, wanted, tally);
}

}  // namespace wsi_lpd::pipeline::training
