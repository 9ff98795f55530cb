#include "wsi_lpd/pipeline/training/find_corrections.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/digest/sha256.hpp"
#include "wsi_lpd/slide/archive_file.hpp"
#include "wsi_lpd/slide/region_file.hpp"
#include "wsi_lpd/slide/region_labels.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

/// Are the statistics and the HDF5 file of a result there?
bool has_results_at(const fs::path& json) { return fs::exists(json) && fs::exists(fs::path(json).replace_extension(".h5")); }

/// The slides of a folder by their names, with and without their endings.
class SlidesByName {
 public:
  explicit SlidesByName(fs::path folder) : folder_(std::move(folder)) {
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      const fs::path& path = entry.path();
      if (!entry.is_regular_file() || slide::is_region_file(path) || is_hidden(path) || path.extension() == ".part") continue;
      slides_.emplace(path.stem().string(), path);
      if (path.has_extension()) slides_.emplace(path.filename().string(), path);
    }
  }
  /// The slide of a file of regions; nothing if there is none, which is noted. Throws UsageError: there are two, or results instead.
  std::optional<fs::path> find(const fs::path& regions) {
    const auto [first, last] = slides_.equal_range(regions.stem().string());
    if (first == last) {
      missing_.push_back(regions.stem().string());
      return {};
    }
    const bool is_sure = std::next(first) == last && !slide::is_label_image(first->second);
    if (const fs::path json = fs::path(first->second).replace_extension(".json"); !is_sure && has_results_at(json))
      throw core::UsageError(regions.string() + ": " + json.string() +
                             " is a result of segment, and no slide; name the folder of the slides " +
                             "themselves with --correction-slides");
    if (std::next(first) != last)
      throw core::UsageError(regions.string() + ": both " + first->second.string() + " and " + std::next(first)->second.string() +
                             " have its name; keep one of them in the folder");
    return first->second;
  }
  /// Throws UsageError.
  void check_missing() const {
    if (missing_.empty()) return;
    throw core::UsageError("--corrections: there is no slide or image NAME.* in " + folder_.string() + " for the regions of " +
                           core::joined_first(missing_) +
                           "; name the folder of the slides with --correction-slides, and the regions as their slide or image, with "
                           "labels that are part of its name ([101])");
  }

 private:
  fs::path folder_;
  std::multimap<std::string, fs::path> slides_;
  std::vector<std::string> missing_;
};

std::string regions_text(std::size_t count) { return core::count_of(count, "region", "regions"); }

}  // namespace

std::size_t FoundCorrections::regions() const {
  std::size_t sum = 0;
  for (const CorrectionFile& file : files) sum += file.count;
  return sum;
}

std::vector<fs::path> correction_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == ".geojson" && !is_hidden(entry.path())) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

FoundCorrections find_corrections(const CorrectionFolder& folder, const core::ClassScheme& classes, const core::Work& work) {
  FoundCorrections found;
  found.background.push_back(classes.background);
  if (!folder.background.empty() && folder.background != classes.background) found.background.push_back(folder.background);
  const std::vector<fs::path> files = correction_files(folder.regions);
  if (files.empty())
    throw core::UsageError("--corrections " + folder.regions.string() + ": has no NAME.geojson; wsi-lpd correct makes them from results");
  found.looked_at = files.size();
  SlidesByName slides(folder.slides.empty() ? folder.regions : folder.slides);
  for (const fs::path& file : files) {
    core::check(work.cancel);
    const slide::RegionLabels regions(file, {classes.names, found.background}, slide::RegionLabels::kLeftOut, slide::RegionChoice::Changed);
    for (const std::string& line : regions.warnings()) work.observer.warn(line);
    found.unchanged += regions.unchanged();
    if (regions.regions() == 0) continue;
    if (const std::optional<fs::path> slide = slides.find(file))
      found.files.push_back({file, *slide, regions.regions(), digest::sha256_of_file(file)});
  }
  slides.check_missing();
  if (found.files.empty())
    throw core::UsageError("--corrections " + folder.regions.string() + ": there is nothing to learn from: no region is a person's (" +
                           std::to_string(found.unchanged) + " are as exported); change, draw or lock regions in QuPath");
  return found;
}

std::string provenance_text(const FoundCorrections& found, const fs::path& folder) {
  std::string text = regions_text(found.regions()) + " of a person in " + core::count_of(found.files.size(), "file", "files");
  for (const CorrectionFile& file : found.files)
    text += "\n" + file.regions.lexically_relative(folder).string() + ": " + regions_text(file.count) + ", SHA-256 " + file.sha256;
  return text;
}

}  // namespace wsi_lpd::pipeline::training
