#include "wsi_lpd/pipeline/review/cut_patches.hpp"

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "patch_choice.hpp"
#include "patch_tables.hpp"
#include "uncertainty.hpp"
#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/core/suggestion.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/output/result_reader.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/pipeline/segment/tissue_selection.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"
#include "wsi_lpd/slide/resolution.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kThumbnailSide = 2048;
constexpr int kDefaultSize = 224;
constexpr double kSameMpp = 1e-3;  // relative

/// Files of one slide that are there before the tables list them: gone again if that never happens.
class UnlistedFiles {
 public:
  explicit UnlistedFiles(fs::path folder) : folder_(std::move(folder)) {}
  UnlistedFiles(const UnlistedFiles&) = delete;
  UnlistedFiles& operator=(const UnlistedFiles&) = delete;
  ~UnlistedFiles() {
    std::error_code ignored;
    for (const std::string& file : files_) fs::remove(folder_ / file, ignored);
  }
  void set(const std::vector<CutPatch>& patches) {
    for (const CutPatch& patch : patches) files_.push_back(patch.file);
  }
  void are_listed() { files_.clear(); }

 private:
  fs::path folder_;
  std::vector<std::string> files_;
};

struct Settings {
  int size = 0;
  std::optional<double> mpp;  ///< of the patches, as soon as it is known; 0: level 0 as it is
};

/// What folder, options and result say; what none does, the first slide will.
Settings settle(const PatchTables& tables, const TileOptions& options, const fs::path& folder, const std::vector<TileJob>& jobs) {
  Settings settings{options.size > 0 ? options.size : tables.size().value_or(kDefaultSize), tables.mpp()};
  if (settings.size % 32 != 0 || settings.size > 4096)
    throw core::UsageError("--size " + std::to_string(settings.size) + " is not a multiple of 32 up to 4096, which training wants");
  if (tables.size().value_or(settings.size) != settings.size)
    throw core::UsageError(folder.string() + ": its patches are of " + std::to_string(*tables.size()) + " pixels, and --size is " +
                           std::to_string(settings.size) + ": choose another --output folder");
  if (options.mpp > 0 && settings.mpp && std::abs(*settings.mpp / options.mpp - 1) > kSameMpp)
    throw core::UsageError(folder.string() + ": its patches have " +
                           (*settings.mpp > 0 ? core::shortest(*settings.mpp) + " um/px" : "unknown um/px") + ", and " +
                           core::shortest(options.mpp) + " are wanted: choose another --output folder");
  if (options.mpp > 0 && !settings.mpp) settings.mpp = options.mpp;
  const auto with_result = std::ranges::find_if(jobs, [](const TileJob& job) { return !job.result.empty(); });
  if (!settings.mpp && with_result != jobs.end()) {
    const auto raster = describe_result(with_result->result);
    if (raster && raster->mpp > 0) settings.mpp = raster->mpp;
  }
  return settings;
}

/// The job's result, which must be of this slide.
ResultRaster result_of(const TileJob& job, const core::Rect& bounds) {
  std::optional<ResultRaster> result = describe_result(job.result);
  if (!result) throw core::Error(job.result.string() + ": is not a label pyramid that segment wrote");
  if (result->slide != job.slide.filename().string() || result->bounds != bounds)
    throw core::Error(result->path.string() + ": is the result of another slide (" + result->slide + ", " +
                      std::to_string(result->bounds.width) + " x " + std::to_string(result->bounds.height) + " pixels)");
  return *std::move(result);
}

std::uint8_t class_value(const ResultRaster& result, const std::string& name) {
  const auto found = std::find(result.classes.names.begin(), result.classes.names.end(), name);
  if (found == result.classes.names.end())
    throw core::Error(result.path.string() + ": has no class " + name + "; its classes are " + core::joined(result.classes.names) +
                      core::did_you_mean(name, result.classes.names));
  return static_cast<std::uint8_t>(found - result.classes.names.begin() + 1);
}

class Tiler {
 public:
  Tiler(const fs::path& folder, const TileOptions& options, PatchTables& tables, const Settings& settings, const core::Work& work)
      : folder_(folder), options_(options), tables_(tables), settings_(settings), work_(work) {}

  const Settings& settings() const { return settings_; }

  TiledSlide tile(const TileJob& job) {
    const std::string fingerprint_before = core::FileIdentity(job.slide).fingerprint();
    const auto reader = slide::open(job.slide, {.mpp = job.mpp});
    const slide::Properties& properties = reader->properties();
    if (settings_.mpp.value_or(0) > 0 && !properties.mpp)
      throw core::Error("the slide does not say its resolution, and the patches have " + core::shortest(*settings_.mpp) +
                        " um/px: " + slide::kGiveMpp);
    const double mpp = settings_.mpp.value_or(properties.mpp.value_or(0));
    if (mpp <= 0) work_.observer.warn(job.slide.string() + ": um/px of the patches is not known: they are cut from level 0 as it is");
    const core::Frame frame = core::make_frame(properties.bounds, properties.mpp.value_or(0), mpp);
    if (!properties.note.empty()) work_.observer.info(job.slide.string() + ": " + properties.note);
    for (const std::string& line : slide::check_resolution(properties, frame, options_.force_mpp))
      work_.observer.warn(job.slide.string() + ": " + line);
    TiledSlide result{.slide = job.slide};
    const std::vector<PatchPlace> places = choose(job, *reader, frame, result);
    std::vector<CutPatch> patches = describe(job, fingerprint_before, frame, places);
    const auto listed = [&](const CutPatch& patch) { return tables_.has(patch.file); };
    result.already = std::count_if(patches.begin(), patches.end(), listed);
    std::erase_if(patches, listed);

    tables_.begin();
    UnlistedFiles files(folder_);
    files.set(patches);
    cut(slide::FrameReader(*reader, frame), patches, result);
    if (core::FileIdentity(job.slide).fingerprint() != fingerprint_before)
      throw core::Error("the file was replaced or changed while it was read: tile it again when it is whole");
    tables_.add(patches);
    files.are_listed();
    if (!patches.empty()) settings_.mpp = mpp;
    return result;
  }

 private:
  std::vector<PatchPlace> choose(const TileJob& job, const slide::Reader& reader, const core::Frame& frame, TiledSlide& result) const {
    work_.observer.begin("finding tissue", 0, "");
    std::vector<core::Rect> unreadable;
    const core::Image thumbnail = slide::thumbnail(reader, kThumbnailSide, &unreadable);
    const auto [tissue, parts, warnings] = segment::select_tissue(reader, thumbnail, unreadable, options_.tissue, options_.region);
    for (const std::string& line : warnings) work_.observer.warn(job.slide.string() + ": " + line);
    std::vector<PatchPlace> places = places_with_tissue(frame, tissue, settings_.size, options_);
    if (places.empty())
      throw core::Error("no patch of " + std::to_string(settings_.size) +
                        " pixels has enough tissue (--tissue, --min-tissue): nothing is cut");
    if (!options_.class_name.empty()) {
      const ResultRaster raster = result_of(job, frame.bounds);
      work_.observer.begin("looking for " + options_.class_name, 0, "");
      keep_class(places, frame, settings_.size, raster, class_value(raster, options_.class_name), options_.min_class, work_.cancel);
    }
    work_.observer.end();
    result.candidates = static_cast<std::int64_t>(places.size());
    if (places.empty())
      work_.observer.warn(job.slide.string() + ": no patch of " + std::to_string(settings_.size) + " pixels has enough of " +
                          options_.class_name + " (--min-class)");
    if (options_.uncertain) {
      work_.observer.begin("looking for what is uncertain", 0, "");
      const fs::path maps_file = stem_of_raster(result_of(job, frame.bounds).path) += ".h5";
      output::ResultReader maps(maps_file);
      if (maps.bounds() != frame.bounds) throw core::Error(maps_file.string() + ": is of another slide; segment this one again");
      core::with_context(maps_file.string(), [&] { rate(places, frame, settings_.size, maps, work_.cancel); });
      work_.observer.end();
      choose_uncertain(places, settings_.size, options_.max);
    } else if (options_.max > 0) {
      draw(places, options_.max, options_.seed);
    }
    return places;
  }

  std::vector<CutPatch> describe(const TileJob& job, const std::string& slide_fingerprint, const core::Frame& frame,
                                 const std::vector<PatchPlace>& places) const {
    const std::string name = tables_.name_of(job.slide, slide_fingerprint);
    std::vector<CutPatch> patches;
    for (const PatchPlace& place : places) {
      CutPatch patch{.slide = job.slide.string(),
                     .slide_fingerprint = slide_fingerprint,
                     .x = std::llround(frame.level0_x_from_output(static_cast<double>(place.x))),
                     .y = std::llround(frame.level0_y_from_output(static_cast<double>(place.y))),
                     .side = std::llround(settings_.size * frame.scale),
                     .size = settings_.size,
                     .mpp = frame.mpp,
                     .tissue = place.tissue,
                     .class_name = options_.class_name,
                     .of_class = place.of_class,
                     .uncertainty = place.uncertainty};
      patch.file = patch_file(name, patch.x, patch.y, patch.side);
      patch.output_x = place.x;
      patch.output_y = place.y;
      patches.push_back(std::move(patch));
    }
    return patches;
  }

  /// Writes the images; what can't be decoded leaves `patches` and is counted.
  void cut(const slide::FrameReader& reader, std::vector<CutPatch>& patches, TiledSlide& result) const {
    if (patches.empty()) return;
    work_.observer.begin("cutting", static_cast<std::int64_t>(patches.size()), "patches");
    std::vector<std::uint8_t> readable(patches.size(), 1);
    std::atomic<std::int64_t> done{0};
    tbb::task_arena(options_.threads > 0 ? options_.threads : tbb::task_arena::automatic).execute([&] {
      tbb::parallel_for(std::size_t{0}, patches.size(), [&](std::size_t i) {
        core::check(work_.cancel);
        const std::int64_t side = settings_.size;
        core::Image pixels(side, side, 3);
        try {
          reader.read({patches[i].output_x, patches[i].output_y, side, side}, pixels.view());
          image::write_png(folder_ / patches[i].file, pixels, core::Durable::No);
        } catch (const slide::ReadError&) {
          readable[i] = 0;
        }
        work_.observer.advance(++done);
      });
    });
    work_.observer.end();
    std::size_t i = 0;
    result.unreadable = static_cast<std::int64_t>(std::erase_if(patches, [&](const CutPatch&) { return !readable[i++]; }));
    result.written = static_cast<std::int64_t>(patches.size());
    if (result.unreadable > 0 && patches.empty() && result.already == 0)
      throw core::Error("none of " + std::to_string(result.unreadable) +
                        " patches can be decoded: the file is damaged; get a new copy of it");
    if (result.unreadable > 0)
      work_.observer.warn(result.slide.string() + ": " + std::to_string(result.unreadable) + " patches can't be decoded and are left out");
  }

  const fs::path& folder_;
  const TileOptions& options_;
  PatchTables& tables_;
  Settings settings_;
  core::Work work_;
};

}  // namespace

std::int64_t TileReport::patches() const {
  return std::accumulate(slides.begin(), slides.end(), std::int64_t{0},
                         [](std::int64_t sum, const TiledSlide& slide) { return sum + slide.written; });
}

TileReport tile_slides(const std::vector<TileJob>& jobs, const fs::path& folder, const TileOptions& options,
                       const std::vector<std::string>& classes, const core::Work& work) {
  PatchTables tables(folder, classes);
  Tiler tiler(folder, options, tables, settle(tables, options, folder, jobs), work);
  TileReport report;
  for (const TileJob& job : jobs) {
    core::check(work.cancel);
    try {
      if (!job.failure.empty()) throw core::Error(job.failure);
      report.slides.push_back(core::with_context(job.slide.string(), [&] { return tiler.tile(job); }));
    } catch (const core::Cancelled&) {
      throw;
    } catch (const std::exception& error) {
      report.failures[job.slide.string()] = core::in_context(job.slide.string(), error.what());
      work.observer.end();
      work.observer.error(report.failures[job.slide.string()]);
    }
  }
  report.size = tiler.settings().size;
  report.mpp = tiler.settings().mpp.value_or(0);
  report.classes = tables.classes();
  return report;
}

core::ClassScheme find_results(std::vector<TileJob>& jobs, const fs::path& result) {
  std::optional<output::ResultFolder> results;
  if (fs::is_directory(result)) {
    results = output::read_results(result);
  } else if (jobs.size() != 1) {
    throw core::UsageError(result.string() + ": is the result of one slide; for several, name the folder that segment wrote to");
  }
  std::optional<core::ClassScheme> classes;
  fs::path first;
  for (TileJob& job : jobs) {
    if (!job.failure.empty()) continue;
    std::optional<ResultRaster> raster;
    try {
      job.result = results ? find_result(*results, job.slide) : result;
      raster = describe_result(job.result);
      if (!raster) throw core::Error(job.result.string() + ": is not a label pyramid that segment wrote");
    } catch (const core::Error& error) {
      job.failure = error.what();
      job.result.clear();
      continue;
    }
    if (classes && classes->names != raster->classes.names)
      throw core::UsageError(job.result.string() + ": is of another model, whose classes are not those of " + first.string() +
                             ": tile these slides into different folders");
    if (!classes) {
      classes = raster->classes;
      first = job.result;
    }
  }
  return classes.value_or(core::ClassScheme{});
}

}  // namespace wsi_lpd::pipeline::review
