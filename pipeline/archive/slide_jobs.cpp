#include "slide_jobs.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/slide/archive_file.hpp"

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;
namespace {

/// The same for all names of one file.
std::string identity_of(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored) ? core::FileIdentity(file).place() : fs::absolute(file).lexically_normal().string();
}

void refuse_contradiction(const FoundSlide& first, const FoundSlide& second) {
  const auto refuse = [&](const std::string& what) {
    throw core::UsageError(second.where + ": " + second.slide + " stands in " + first.where + " with another " + what +
                           (first.slide == second.slide ? "" : " (as " + first.slide + ", which is the same file)"));
  };
  if (first.mpp != second.mpp || first.failure.empty() != second.failure.empty()) refuse("mpp");
  if (first.name != second.name) refuse("name");
}

fs::path common_folder(const std::vector<FoundSlide>& found) {
  std::vector<fs::path> common;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const fs::path folder = fs::absolute(found[i].slide).lexically_normal().parent_path();
    const std::vector<fs::path> parts(folder.begin(), folder.end());
    if (i == 0) common = parts;
    common.resize(static_cast<std::size_t>(std::ranges::mismatch(common, parts).in1 - common.begin()));
  }
  fs::path path;
  for (const fs::path& part : common) path /= part;
  return path;
}

/// Of slide.ome.tif it is slide: slide.ome.tif is the name of a label pyramid.
fs::path stem_of(const FoundSlide& found) {
  if (!found.name.empty()) return fs::path(found.name).lexically_normal();
  const fs::path name = fs::path(found.slide).stem();
  return (fs::path(found.folder) / (name.extension() == ".ome" ? name.stem() : name)).lexically_normal();
}

/// The slides that can't keep their stem, each with the slide that stands against it: the first of those with the same stem, one whose
/// files would have the same names, or the slide itself where batches have files of these names.
std::vector<std::pair<std::size_t, std::size_t>> clashes(const std::vector<fs::path>& stems) {
  static const std::vector<std::string> endings = output::shared_endings();
  std::vector<std::pair<std::size_t, std::size_t>> found;
  std::unordered_map<std::string_view, std::size_t> first_of;
  for (std::size_t i = 0; i < stems.size(); ++i) {
    if (const auto [first, is_new] = first_of.try_emplace(stems[i].native(), i); !is_new) found.emplace_back(i, first->second);
    if (output::is_of_batches(stems[i])) found.emplace_back(i, i);
  }
  for (std::size_t i = 0; i < stems.size(); ++i) {
    const std::string_view stem = stems[i].native();
    for (const std::string& ending : endings) {
      const auto shorter = stem.ends_with(ending) ? first_of.find(stem.substr(0, stem.size() - ending.size())) : first_of.end();
      if (shorter != first_of.end()) found.emplace_back(i, shorter->second);
    }
  }
  return found;
}

/// Gives slides whose stems clash another one.
template <class Change>
void tell_apart(const std::vector<FoundSlide>& found, std::vector<fs::path>& stems, const Change& change) {
  std::set<std::size_t> all;
  for (const auto& [i, other] : clashes(stems)) all.insert({i, other});
  for (const std::size_t i : all) {
    if (found[i].name.empty()) stems[i] = change(found[i]).lexically_normal();
  }
}

void refuse_to_overwrite(const FoundSlide& found, const fs::path& stem) {
  for (const char* suffix : {output::kLabels, output::kOmeLabels}) {  // one is written, the other removed
    const fs::path raster = fs::path(stem) += suffix;
    std::error_code ignored;
    if (fs::equivalent(found.slide, raster, ignored) || (fs::exists(raster) && slide::is_slide(raster))) {
      throw core::UsageError(found.slide + ": the result would overwrite the slide " + raster.string() +
                             ": choose another --output folder");
    }
  }
}

}  // namespace

void keep_each_once(std::vector<FoundSlide>& found, std::vector<std::string>& notes, const core::CancelFlag& cancel) {
  std::stable_partition(found.begin(), found.end(), [](const FoundSlide& entry) {
    std::error_code ignored;
    return !fs::is_symlink(entry.slide, ignored);
  });
  std::map<std::string, std::size_t> first_of;
  std::map<std::size_t, std::size_t> others_of_series;  // of a kept file: further files of its series
  std::vector<FoundSlide> kept;
  kept.reserve(found.size());
  for (FoundSlide& entry : found) {
    core::check(cancel);
    const std::optional<std::string> series = slide::series(entry.slide);  // its first file opens all of it that lies in its folder
    const std::string key =
        series ? fs::absolute(entry.slide).lexically_normal().parent_path().string() + "/" + *series : identity_of(entry.slide);
    const auto [first, is_new] = first_of.try_emplace(key, kept.size());
    if (is_new) {
      kept.push_back(std::move(entry));
      continue;
    }
    const FoundSlide& earlier = kept[first->second];
    if (!entry.where.empty()) refuse_contradiction(earlier, entry);
    if (series && entry.slide != earlier.slide) {
      ++others_of_series[first->second];
      continue;
    }
    notes.push_back(entry.slide == earlier.slide
                        ? entry.slide + " is named twice: it is done once"
                        : entry.slide + " is the same file as " + earlier.slide + ": it is done once, under that name");
  }
  for (const auto& [i, count] : others_of_series)
    notes.push_back(kept[i].slide + " and " + core::count_of(count, "other file", "other files") +
                    " in its folder are one DICOM series: it is done once, under that name");
  found = std::move(kept);
}

JobList name_jobs(std::vector<FoundSlide> found, const fs::path& output, const core::CancelFlag& cancel) {
  std::ranges::sort(found, {}, &FoundSlide::slide);
  std::vector<fs::path> stems;
  stems.reserve(found.size());
  for (const FoundSlide& entry : found) stems.push_back(stem_of(entry));
  const fs::path common = common_folder(found);
  const auto place = [&](const FoundSlide& entry) {
    return entry.folder.empty() ? fs::absolute(entry.slide).lexically_normal().parent_path().lexically_relative(common)
                                : fs::path(entry.folder);
  };
  tell_apart(found, stems, [&](const FoundSlide& entry) { return place(entry) / stem_of(entry).filename(); });
  tell_apart(found, stems, [&](const FoundSlide& entry) { return place(entry) / fs::path(entry.slide).filename(); });

  if (const auto left = clashes(stems); !left.empty()) {
    const auto [i, other] = std::ranges::min(left);
    throw core::UsageError((found[i].where.empty() ? "" : found[i].where + ": ") + found[i].slide + ": its results would have the name " +
                           (output / stems[i]).string() + ", as those of " + (i == other ? "the batch itself" : found[other].slide) +
                           ": give them names in the manifest's column name, or segment them into different folders");
  }
  JobList jobs;
  for (std::size_t i = 0; i < found.size(); ++i) {
    core::check(cancel);
    const fs::path stem = (output / stems[i]).lexically_normal();
    refuse_to_overwrite(found[i], stem);
    jobs.push_back({std::move(found[i].slide), stem, found[i].mpp, std::move(found[i].failure)});
    stems[i].clear();
  }
  return jobs;
}

}  // namespace wsi_lpd::pipeline::archive
