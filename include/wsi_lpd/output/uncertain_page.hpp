#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wsi_lpd::output {

/// A patch whose labels a model lacks most.
struct UncertainPatch {
  std::string file;                  ///< its image, relative to the page
  std::string slide;                 ///< path of the slide
  double entropy = 0;                ///< 0…1
  std::optional<double> distance{};  ///< from the training images, 1 at the limit
  std::string chosen_by;             ///< "entropy" or "distance"
  /// Where it leads: an image, or a view; its image where empty.
  std::string href{};
};

/// The name of that page in a folder of patches.
inline constexpr const char* kUncertainPage = "uncertain.html";

/// A list of patches as HTML, the most uncertain first; `folder` leads from the page to theirs. Thread-safe.
std::string uncertain_list(std::vector<UncertainPatch> patches, const std::filesystem::path& folder);

/// A page that shows the patches slide by slide, in the order of the slides' first patches, and of each slide the most uncertain first. It
/// needs no network and no JavaScript. Thread-safe.
std::string uncertain_page(const std::vector<UncertainPatch>& patches);

}  // namespace wsi_lpd::output
