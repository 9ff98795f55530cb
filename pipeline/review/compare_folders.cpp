#include "wsi_lpd/pipeline/review/compare_folders.hpp"

#include <algorithm>
#include <optional>

#include "label_rows.hpp"
#include "result_raster.hpp"
#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;

fs::path with_suffix(fs::path stem, const char* suffix) { return stem += suffix; }

bool same_slide(const output::SlideStatistics& a, const output::SlideStatistics& b) {
  return fs::path(a.slide).filename() == fs::path(b.slide).filename() && a.slide_fingerprint == b.slide_fingerprint;
}

/// The truth of a result: of the same slide in another folder of results, or a file of its name. Nothing where there is none.
std::optional<fs::path> truth_of(const output::CompleteResult& result, const output::ResultFolder& truths, const fs::path& results) {
  std::vector<fs::path> found;
  for (const output::CompleteResult& truth : truths.complete) {
    if (same_slide(truth.statistics, result.statistics)) found.push_back(output::label_pyramid(truth.stem));
  }
  if (truths.complete.empty()) {
    const fs::path stem = truths.path / result.stem.lexically_relative(results);
    for (const char* suffix : {".geojson", ".png", ".labels.png", ".labels.tif"}) {
      if (fs::exists(with_suffix(stem, suffix))) found.push_back(with_suffix(stem, suffix));
    }
  }
  if (found.size() > 1) throw core::Error("has more than one truth: " + found[0].string() + " and " + found[1].string());
  return found.empty() ? std::nullopt : std::optional(found[0]);
}

void add(Comparison& total, const Comparison& slide) {
  if (total.classes.names.empty()) {
    total.classes = slide.classes;
    total.matrix = raster::ConfusionMatrix(slide.classes.count());
    total.boundary.resize(slide.boundary.size());
  }
  if (slide.classes.names != total.classes.names)
    throw core::Error("its classes are not those of the slides before: it is of another model");
  total.matrix.add(slide.matrix);
  total.left_out += slide.left_out;
  for (std::size_t c = 0; c < slide.boundary.size(); ++c) total.boundary[c] += slide.boundary[c];
  if (!slide.note.empty()) total.note = slide.note;
}

}  // namespace

FolderComparison compare_folders(const fs::path& results_folder, const fs::path& truths_folder, const CompareOptions& options,
                                 const core::Work& work) {
  const output::ResultFolder results = output::read_results(results_folder);
  const output::ResultFolder truths = output::read_results(truths_folder);
  if (results.complete.empty())
    throw core::UsageError(results_folder.string() + ": holds no complete result; `wsi-lpd status` says what is there");
  FolderComparison comparison;
  training::PaletteTally palettes;
  for (const output::CompleteResult& result : results.complete) {
    core::check(work.cancel);
    const std::string& slide = result.statistics.slide;
    try {
      core::with_context(slide, [&] {
        const auto truth = truth_of(result, truths, results.path);
        if (!truth) {
          comparison.without_truth.push_back(slide);
          return;
        }
        Comparison compared = compare_labels(output::label_pyramid(result.stem), *truth, options, palettes, work);
        add(comparison.total, compared);
        comparison.slides.push_back({slide, std::move(compared)});
      });
    } catch (const core::Cancelled&) {
      throw;
    } catch (const core::Error& error) {
      work.observer.end();
      comparison.failures[slide] = error.what();
      work.observer.error(comparison.failures[slide]);
    }
  }
  tell(palettes, options, work.observer);
  if (comparison.slides.empty() && comparison.failures.empty())
    throw core::UsageError(truths_folder.string() +
                           ": has nothing to compare with: neither results of the same slides nor truths named like " +
                           results.complete[0].stem.filename().string() + ".geojson, .png, .labels.png or .labels.tif");
  return comparison;
}

}  // namespace wsi_lpd::pipeline::review
