#include "wsi_lpd/pipeline/review/correct_results.hpp"

#include <optional>

#include "left_slides.hpp"
#include "result_raster.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file_names.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/slide/corrections.hpp"
#include "wsi_lpd/slide/region_file.hpp"
#include "wsi_lpd/slide/region_labels.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;

fs::path with(const fs::path& stem, const char* ending) { return fs::path(stem) += ending; }

void refuse_results_file(const fs::path& file) {
  if (is_result(fs::weakly_canonical(file).replace_extension()))
    throw core::UsageError(file.string() + ": is a file of a result, which segment writes: name one in another folder");
}

/// Nothing where the result has no regions.
std::optional<fs::path> regions_of(const fs::path& stem, const output::SlideStatistics& statistics) {
  constexpr const char* kRegions = ".geojson";
  fs::path regions = with(stem, kRegions);
  if (!fs::exists(regions)) return {};
  const auto recorded = statistics.files.find(kRegions);
  if (recorded != statistics.files.end() && recorded->second != static_cast<std::int64_t>(fs::file_size(regions)))
    throw core::Error(regions.string() + ": is not as segment wrote it: if a person edited it, move it elsewhere and lock in QuPath what " +
                      "is checked; then segment the slide again");
  return regions;
}

void write(const fs::path& regions, const fs::path& file, const output::SlideStatistics& statistics, CorrectedResults& corrected) {
  const slide::WrittenCorrections written = slide::write_corrections(regions, file);
  ++corrected.slides;
  corrected.regions += written.exported;
  corrected.kept += written.kept;
  if (written.kept == 0) return;
  const core::Rect& bounds = statistics.frame.bounds;
  slide::CorrectionFindings findings =
      slide::check_corrections(file, {statistics.classes.names, {statistics.classes.background}}, {bounds.width, bounds.height});
  for (std::string& line : findings.refused) corrected.refused.push_back(std::move(line));
  for (std::string& line : findings.ignored) corrected.ignored.push_back(std::move(line));
}

CorrectedResults correct_one(const fs::path& result, const fs::path& file) {
  const fs::path stem = stem_of_result(result);
  if (fs::is_directory(file))
    throw core::UsageError(file.string() + ": is a folder: name a file in it, such as " + (file / stem.filename()).string() +
                           ".geojson, or give a folder of results");
  if (!slide::is_region_file(file)) throw core::UsageError(file.string() + ": its name must end in .geojson, by which QuPath knows it");
  if (!file.parent_path().empty() && !fs::is_directory(file.parent_path()))
    throw core::UsageError(file.string() + ": its folder is not there");
  refuse_results_file(file);
  const output::SlideStatistics statistics = output::read_statistics(with(stem, ".json")).value_or(output::SlideStatistics{});
  const std::optional<fs::path> regions = regions_of(stem, statistics);
  if (!regions) throw core::Error(stem.string() + ": has no .geojson with regions: segment the slide again, without --no-geojson");
  CorrectedResults corrected;
  write(*regions, file, statistics, corrected);
  if (file.stem() != stem.filename())
    corrected.ignored.push_back(file.string() + ": is not named for the result " + stem.string() +
                                ": train --corrections takes it for regions of the slide " + file.stem().string());
  return corrected;
}

void add_slide(const output::CompleteResult& result, const fs::path& file, CorrectedResults& corrected) {
  try {
    const std::optional<fs::path> regions = regions_of(result.stem, result.statistics);
    if (!regions) return corrected.without.push_back(result.statistics.slide);
    refuse_results_file(file);
    fs::create_directories(file.parent_path());
    write(*regions, file, result.statistics, corrected);
  } catch (const core::Error& error) {
    corrected.failures[result.stem.string()] = error.what();
  } catch (const fs::filesystem_error& error) {
    corrected.failures[result.stem.string()] = file.string() + ": " + error.code().message();
  }
}

}  // namespace

CorrectedResults correct_results(const fs::path& result, const fs::path& into, const core::Work& work) {
  if (!fs::is_directory(result)) return correct_one(result, into);
  if (fs::exists(into) && !fs::is_directory(into))
    throw core::UsageError(into.string() + ": is a file, and " + result.string() + " a folder of results: name a folder, or one result");
  if (!fs::exists(into) && slide::is_region_file(into))
    throw core::UsageError(into.string() + ": is named as a file, and " + result.string() +
                           " is a folder of results: name a folder, or one result");
  if (fs::exists(into) && fs::equivalent(result, into))
    throw core::UsageError(into.string() + ": is the folder of the results, whose .geojson files segment wrote: name another");
  const output::ResultFolder folder = output::read_results(result);
  if (folder.complete.empty()) throw core::UsageError(result.string() + ": holds no complete result; `wsi-lpd status` says what is there");
  CorrectedResults corrected;
  corrected.incomplete = incomplete_slides(folder);
  corrected.failures = damaged_results(folder);
  work.observer.begin("exporting regions", static_cast<std::int64_t>(folder.complete.size()), "slides");
  for (std::size_t i = 0; i < folder.complete.size(); ++i) {
    core::check(work.cancel);
    const output::CompleteResult& complete = folder.complete[i];
    add_slide(complete, with(into / complete.stem.lexically_relative(folder.path), ".geojson"), corrected);
    work.observer.advance(static_cast<std::int64_t>(i + 1));
  }
  work.observer.end();
  return corrected;
}

}  // namespace wsi_lpd::pipeline::review
