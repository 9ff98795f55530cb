#include "patch_labels.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace wsi_lpd::pipeline {
namespace fs = std::filesystem;
namespace {

/// "NAME[1, 0 1].png" → "101"; empty when the name has no such end.
std::string label_digits(const fs::path& image) {
  const std::string name = image.stem().string();
  const std::size_t open = name.rfind('[');
  if (open == std::string::npos || name.back() != ']') return {};
  std::string digits = name.substr(open + 1, name.size() - open - 2);
  std::erase_if(digits, [](char c) { return c == ' ' || c == ','; });
  return digits.find_first_not_of("01") == std::string::npos ? digits : std::string{};
}

LabelledPatches from_digits(const std::vector<fs::path>& images, int classes, std::vector<std::string>& problems) {
  LabelledPatches result{.classes = classes};
  for (const fs::path& image : images) {
    const std::string digits = label_digits(image);
    Patch patch{image, {}, {}};
    if (digits.empty()) {
      problems.push_back(image.string() + ": no image labels; name it like NAME[101].png, one digit a class, or write labels.csv");
    } else if (static_cast<int>(digits.size()) != classes) {
      problems.push_back(image.string() + ": " + std::to_string(digits.size()) + " label digits, but most images have " +
                         std::to_string(classes));
    } else if (digits.find('1') == std::string::npos) {
      problems.push_back(image.string() + ": none of its image labels is 1");
    } else {
      patch.labels.resize(digits.size());
      std::ranges::transform(digits, patch.labels.begin(), [](char digit) { return digit == '1' ? 1.0F : 0.0F; });
    }
    result.patches.push_back(std::move(patch));
  }
  return result;
}

/// The folder of `root` that the image lies in; empty where it lies in `root` itself.
std::string class_folder(const fs::path& root, const fs::path& image) {
  const fs::path below = image.lexically_relative(root);
  return below.has_parent_path() ? below.begin()->string() : std::string();
}

std::optional<LabelledPatches> from_folders(const fs::path& root, const std::vector<fs::path>& images) {
  std::set<std::string> names;
  for (const fs::path& image : images) names.insert(class_folder(root, image));
  if (names.size() < 2 || names.contains("")) return {};
  LabelledPatches result{.classes = static_cast<int>(names.size()), .class_names = {names.begin(), names.end()}};
  for (const fs::path& image : images) {
    std::vector<float> labels(names.size());
    labels[static_cast<std::size_t>(std::distance(names.begin(), names.find(class_folder(root, image))))] = 1;
    result.patches.push_back({image, {}, std::move(labels)});
  }
  std::string list;
  for (const std::string& name : names) list.append(list.empty() ? "" : ", ").append(name);
  result.notes.push_back("the folders of " + root.string() + " are taken as classes: " + list);
  return result;
}

}  // namespace

LabelledPatches labels_from_names(const fs::path& root, const std::vector<fs::path>& images, std::vector<std::string>& problems) {
  std::map<std::size_t, int> votes;
  for (const fs::path& image : images) ++votes[label_digits(image).size()];
  votes.erase(0);
  if (votes.empty()) {
    if (std::optional<LabelledPatches> labelled = from_folders(root, images)) return *std::move(labelled);
  }
  const auto winner = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
  return from_digits(images, winner == votes.end() ? 0 : static_cast<int>(winner->first), problems);
}

}  // namespace wsi_lpd::pipeline
