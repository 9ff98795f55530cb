#include "wsi_lpd/pipeline/review/report.hpp"

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>

#include "deep_zoom.hpp"
#include "page_folder.hpp"
#include "patch_tables.hpp"
#include "report_regions.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/image/drawing.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/output/report.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPictureSide = 1024, kThumbnailSide = 240;
constexpr int kMostViewsAtOnce = 4;  // each holds rows of tiles across its slide

/// Empties what is made anew.
std::unique_ptr<core::WorkLock> prepare(const fs::path& folder, const std::set<std::string>& ids) {
  std::unique_ptr<core::WorkLock> lock = take_page_folder(folder, "report");
  for (const char* part : {"slides", "pictures", "thumbnails", "regions"}) {
    fs::remove_all(folder / part);
    fs::create_directories(folder / part);
  }
  fs::create_directories(folder / "tiles");
  for (const auto& entry : fs::directory_iterator(folder / "tiles")) {
    if (!ids.contains(entry.path().filename().string())) fs::remove_all(entry.path());
  }
  return lock;
}

/// The overlay at two sizes. False where there is none, or it cannot be read.
bool make_pictures(const fs::path& stem, const fs::path& folder, const std::string& id, core::ProgressObserver& observer) {
  const fs::path overlay = fs::path(stem) += ".overlay.jpg";
  if (!fs::exists(overlay)) return false;
  core::Image picture;
  try {
    picture = image::read_rgb_within(overlay, kPictureSide);
  } catch (const core::Error& error) {
    observer.warn(error.what());
    return false;
  }
  image::write_jpeg(folder / "pictures" / (id + ".jpg"), picture, 85, core::Durable::No);
  const double scale =
      std::min(1.0, static_cast<double>(kThumbnailSide) / static_cast<double>(std::max(picture.width(), picture.height())));
  const auto side = [&](std::int64_t length) { return std::max<std::int64_t>(1, std::llround(static_cast<double>(length) * scale)); };
  image::write_jpeg(folder / "thumbnails" / (id + ".jpg"), image::resize(picture, {side(picture.width()), side(picture.height())}), 80,
                    core::Durable::No);
  return true;
}

/// The patches of a slide. They lead into its view where it has one.
std::vector<output::UncertainPatch> patches_of(const output::SlideStatistics& slide, bool has_view,
                                               const std::vector<UncertainPlace>& places) {
  std::vector<output::UncertainPatch> patches;
  for (const auto& [patch, origin] : places) {
    if (origin.slide_fingerprint != slide.slide_fingerprint || fs::path(origin.slide).filename() != fs::path(slide.slide).filename())
      continue;
    patches.push_back(patch);
    if (has_view) patches.back().href = output::view_address(origin.x, origin.y, origin.side);
  }
  return patches;
}

/// Calls `action` with each index, `threads` at once.
template <class Action>
void for_each_slide(std::size_t count, int threads, const std::string& what, const core::Work& work, Action action) {
  work.observer.begin(what, static_cast<std::int64_t>(count), "slides");
  std::atomic<std::int64_t> done{0};
  tbb::task_arena(threads).execute([&] {
    tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
      core::check(work.cancel);
      action(i);
      work.observer.advance(++done);
    });
  });
  work.observer.end();
}

}  // namespace

ReportSummary write_report(const fs::path& results_folder, const ReportOptions& options, const core::Work& work) {
  const fs::path source = results_folder.lexically_normal();
  const fs::path folder = options.output.empty() ? source / "report" : options.output;
  const int threads = options.threads > 0 ? options.threads : tbb::this_task_arena::max_concurrency();
  work.observer.begin("looking through the results", 0, "");
  const output::ResultFolder results = output::read_results(source);
  const bool is_empty = results.complete.empty() && results.failed.empty() && results.in_work.empty() && results.unfinished.empty() &&
                        results.damaged.empty();
  if (is_empty && !fs::exists(source / "run.json"))
    throw core::UsageError(source.string() + ": holds no results of segment or batch; name the folder that they wrote to");
  work.observer.end();

  if (!options.patches.empty() && !fs::exists(options.patches / "uncertain.csv"))
    throw core::UsageError(options.patches.string() + ": holds no uncertain.csv; name a folder that tile --uncertain wrote");
  const std::vector<UncertainPlace> places = options.patches.empty() ? std::vector<UncertainPlace>() : uncertain_places(options.patches);

  std::vector<output::ReportSlide> slides(results.complete.size());
  std::set<std::string> ids;
  for (std::size_t i = 0; i < slides.size(); ++i) ids.insert(slides[i].id = output::report_id(results.complete[i].stem, results.path));
  const auto lock = prepare(folder, ids);
  for_each_slide(slides.size(), threads, "pictures", work,
                 [&](std::size_t i) { slides[i].picture = make_pictures(results.complete[i].stem, folder, slides[i].id, work.observer); });

  std::vector<std::optional<output::ReportRegions>> regions = measured_regions(results, work.observer);
  for (std::size_t i = 0; i < slides.size(); ++i) slides[i].regions = std::move(regions[i]);
  ReportSummary summary{folder / "index.html", slides.size(), 0, 0};
  for_each_slide(slides.size(), std::min(threads, kMostViewsAtOnce), options.deep_zoom ? "deep zoom" : "regions", work, [&](std::size_t i) {
    const output::CompleteResult& result = results.complete[i];
    const fs::path tiles = folder / "tiles" / slides[i].id;
    try {
      slides[i].view =
          options.deep_zoom ? make_view(result, tiles, options.deep_zoom_mpp, work.cancel) : existing_view(result, tiles).value_or("");
      if (slides[i].view.empty()) slides[i].no_view = "wsi-lpd report --deep-zoom makes it";
      if (slides[i].regions && !slides[i].view.empty())
        draw_regions(*slides[i].regions, result, finest_pixel(slides[i].view), folder / "regions" / (slides[i].id + ".js"));
    } catch (const core::Cancelled&) {
      throw;
    } catch (const core::Error& error) {
      slides[i].no_view = error.what();
      work.observer.warn(core::in_context(result.statistics.slide, error.what()));
    }
  });
  for (const output::ReportSlide& slide : slides) {
    summary.views += slide.view.empty() ? 0 : 1;
    summary.without_slide += options.deep_zoom && slide.view.empty() ? 1 : 0;
  }
  core::check(work.cancel);
  for (std::size_t i = 0; i < slides.size(); ++i)
    slides[i].patches = patches_of(results.complete[i].statistics, !slides[i].view.empty(), places);
  output::write_report_pages(folder, results, slides, options.patches, core::local_time("%Y-%m-%d %H:%M"));
  return summary;
}

}  // namespace wsi_lpd::pipeline::review
