#include "wsi_lpd/pipeline/segment/segment.hpp"

#include <tbb/global_control.h>
#include <tbb/version.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <utility>

#include "peak_memory.hpp"
#include "slide_canvas.hpp"
#include "slide_plan.hpp"
#include "slide_results.hpp"
#include "stage_clock.hpp"
#include "stream_tiles.hpp"
#include "tile_reader.hpp"
#include "tile_sample.hpp"
#include "two_looks.hpp"
#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/image/library.hpp"
#include "wsi_lpd/model/runtime/device.hpp"
#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/pipeline/segment/slide_stain.hpp"
#include "wsi_lpd/slide/archive_file.hpp"
#include "wsi_lpd/slide/focus.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/glass.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/resolution.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

/// Empty where the tile is near the patch size. The network's attention spans a whole tile: what it learnt holds for as much tissue as a
/// training image shows.
std::vector<std::string> warnings_of_tile(int tile, int patch_size) {
  constexpr double kNear = 1.5;
  if (tile < kNear * patch_size && patch_size < kNear * tile) return {};
  return {"tiles of " + std::to_string(tile) + " px are far from the " + std::to_string(patch_size) +
          " px of the training images: labels may get worse; --tile 0 takes the size of the training"};
}

/// A slide's warnings: told at once, and kept for its statistics.
class Warnings {
 public:
  Warnings(std::string slide, core::ProgressObserver& observer) : slide_(std::move(slide)), observer_(observer) {}
  void add(const std::string& line) {
    lines_.push_back(line);
    observer_.warn(slide_ + ": " + line);
  }
  void add(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) add(line);
  }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::string slide_;
  core::ProgressObserver& observer_;
  std::vector<std::string> lines_;
};

/// How a slide's tiles are made ready for the network.
struct Preparation {
  output::StainRecord stain;
  Precision precision;
  std::vector<float> presence_shift;
  double stain_seconds = 0, precision_seconds = 0, presence_seconds = 0;
};

/// Gives `reader` the stain of the training images, and the segmenter its arithmetic and thresholds.
Preparation prepare(const OpenedSlide& slide, const SlidePlan& plan, TileReader& reader, Segmenter& segmenter,
                    const SegmentOptions& options, const core::CancelFlag& cancel) {
  Preparation made;
  StageClock stain, precision, presence;
  reader.normalise(
      stain.measure([&] { return stain_normaliser(slide.tiles, plan.tiles, options.stain, segmenter.shape().stain, made.stain, cancel); }));
  reader.compare_stain(segmenter.shape().stain_fit);
  made.precision = precision.measure([&] { return choose_precision(plan.tiles, reader, segmenter); });
  if (segmenter.shape().adaptive_presence) made.presence_shift = presence.measure([&] { return adapt_presence(plan, reader, segmenter); });
  made.stain_seconds = stain.seconds();
  made.precision_seconds = precision.seconds();
  made.presence_seconds = presence.seconds();
  return made;
}

std::vector<std::string> warnings_of(const Preparation& made) {
  std::vector<std::string> warnings;
  if (!made.stain.problem.empty()) warnings.push_back("the slide's stain stays as it is: " + made.stain.problem);
  if (made.precision.name == "fp32" && made.precision.agreement)
    warnings.push_back("bfloat16 would change more labels than allowed (" + core::fixed(100 * *made.precision.agreement, 2) +
                       " % of a sample agree): computing in float32, which takes about twice as long");
  return warnings;
}

/// Where more than two thirds of the tiles are unlike the training images. Measured (docs/training.md): unseen patients of the training's
/// laboratory have shares of 11 % (features) and 1 % (stain), a slide that differs from the training in its compression up to 51 %, other
/// tissue and laboratories 80 % to 100 % by one of the two at least.
std::vector<std::string> warnings_of(const output::FitRecord& fit, const output::StainRecord& stain) {
  constexpr double kMany = 2.0 / 3;
  const auto percent = [](const output::FitShare& share) { return std::to_string(std::lround(100 * *share.share())) + " %"; };
  std::vector<std::string> warnings;
  if (fit.features.share().value_or(0) > kMany)
    warnings.push_back("this model has not seen tissue like this: " + percent(fit.features) +
                       " of the tiles look less like its training images than 99 % of these do; check the labels with care");
  if (fit.stain.share().value_or(0) > kMany) {
    const bool normalised = stain.method != core::StainMethod::None && stain.problem.empty();
    warnings.push_back("this model has not seen a stain like this: " + percent(fit.stain) +
                       " of the tiles are stained less like its training images than 99 % of these are; " +
                       (normalised ? "check the labels with care" : "--stain-normalisation may help"));
  }
  return warnings;
}

/// Of what the finished results say.
std::vector<std::string> warnings_of(const output::SlideStatistics& statistics, const SlideCanvas& canvas) {
  std::vector<std::string> warnings;
  if (statistics.tiles_unreadable > 0)
    warnings.push_back(std::to_string(statistics.tiles_unreadable) + " tiles can't be decoded and are marked 254");
  if (statistics.out_of_focus.value_or(0) > slide::kManyOutOfFocus)
    warnings.push_back(std::to_string(std::lround(100 * *statistics.out_of_focus)) +
                       " % of the tiles are out of focus: the labels there are uncertain");
  for (const std::string& warning : warnings_of(statistics.fit, statistics.stain)) warnings.push_back(warning);
  if (canvas.crf() && canvas.crf()->blocks_unreadable() > 0)
    warnings.push_back("the CRF saw the background colour where the slide can't be decoded, in " +
                       std::to_string(canvas.crf()->blocks_unreadable()) + " blocks");
  return warnings;
}

/// What the HDF5 file says of where it comes from.
std::map<std::string, std::string> provenance_of(const SlideJob& job, const RunIdentity& identity, const OpenedSlide& slide,
                                                 const Preparation& made) {
  std::map<std::string, std::string> provenance{{"slide", job.slide.string()},
                                                {"model", identity.model_path},
                                                {"model_sha256", identity.model_sha256},
                                                {"configuration_sha256", identity.configuration_sha256},
                                                {"mpp_source", slide.reader->properties().mpp_source},
                                                {"stain_normalisation", output::json_text(made.stain)}};
  provenance.merge(versions());
  return provenance;
}

/// All that is known before the results are written, but for what the raster says (SlideResults::describe) and the warnings.
output::SlideStatistics statistics_of(const SlideJob& job, const RunIdentity& identity, const Segmenter::Shape& shape,
                                      const OpenedSlide& slide, const SlidePlan& plan, const Preparation& made, const StreamCounts& counts,
                                      const SlideCanvas& canvas) {
  const slide::Properties& properties = slide.reader->properties();
  output::SlideStatistics statistics;
  statistics.slide = job.slide.string();
  statistics.slide_fingerprint = slide.fingerprint;
  statistics.slide_sample = slide.sample;
  statistics.model_path = identity.model_path;
  statistics.model_sha256 = identity.model_sha256;
  statistics.configuration_sha256 = identity.configuration_sha256;
  statistics.configuration = identity.configuration;
  statistics.frame = slide.frame;
  statistics.mpp_source = properties.mpp_source;
  statistics.own_mpp = properties.own_mpp;
  statistics.model_mpp_known = shape.mpp > 0;
  statistics.classes = shape.classes;
  statistics.versions = versions();
  statistics.tiles_planned = counts.tiles;
  statistics.tiles_passed_over = static_cast<std::int64_t>(plan.tiles.tiles.size()) - counts.tiles;
  statistics.tiles_skipped = plan.tiles.skipped();
  statistics.tiles_unreadable = counts.unreadable;
  statistics.tiles_read = statistics.tiles_planned - counts.unreadable;
  statistics.unreadable_positions = counts.unreadable_positions;
  statistics.glass_pixels = canvas.glass_pixels();
  statistics.stain = made.stain;
  statistics.precision = made.precision.name;
  statistics.precision_agreement = made.precision.agreement;
  statistics.presence_shift.assign(made.presence_shift.begin(), made.presence_shift.end());
  statistics.crf = canvas.crf().has_value();
  statistics.seconds = {{"tissue", plan.seconds},
                        {"stain", made.stain_seconds},
                        {"precision", made.precision_seconds},
                        {"presence", made.presence_seconds},
                        {"read", counts.read_seconds},
                        {"forward", counts.forward_seconds},
                        {"accumulate", counts.accumulate_seconds}};
  if (canvas.crf()) statistics.seconds["crf"] = canvas.crf()->seconds();
  return statistics;
}

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size()) text.replace(at, word.size(), by);
  return text;
}

/// Runs `action`, whose errors name the slide and the files beside it where they say what is wrong with their copies.
template <class Action>
output::SlideStatistics with_name_of_slide(const SlideJob& job, const Action& action) {
  const auto renamed = [&](const std::string& text) {
    if (job.read_from.empty()) return text;
    const std::string folder = job.slide.parent_path().empty() ? "" : (job.slide.parent_path() / "").string();
    return replaced(replaced(text, job.read_from.string(), job.slide.string()), (job.read_from.parent_path() / "").string(), folder);
  };
  return core::with_context(job.slide.string(), [&] {
    try {
      return action();
    } catch (const core::Cancelled&) {
      throw;
    } catch (const core::UsageError& error) {
      throw core::UsageError(renamed(error.what()));
    } catch (const core::Error& error) {
      throw core::Error(renamed(error.what()));
    }
  });
}

}  // namespace

std::map<std::string, std::string> versions() {
  return {{"wsi-lpd", WSI_LPD_VERSION},
          {"openslide", slide::library_version()},
          {"libvips", image::library_version()},
          {"hdf5", output::hdf5_version()},
          {"libtorch", model::runtime::library_version()}};
}

std::string library_version() { return "oneTBB " + std::to_string(TBB_VERSION_MAJOR) + "." + std::to_string(TBB_VERSION_MINOR); }

void check_run(const SegmentOptions& options, const Segmenter::Shape& shape, const RunIdentity& identity) {
  if (options.tile < shape.tile_multiple || options.tile > 4096 || options.tile % shape.tile_multiple != 0) {
    throw core::UsageError("--tile " + std::to_string(options.tile) + " must be a multiple of " + std::to_string(shape.tile_multiple) +
                           " up to 4096");
  }
  if (shape.only_tile > 0 && options.tile != shape.only_tile) {
    throw core::UsageError("--tile " + std::to_string(options.tile) + ": the presence head of " + identity.model_path +
                           " knows only images of " + std::to_string(shape.only_tile) +
                           " pixels; leave --tile out, or give --presence own");
  }
  if (options.effort < 1 && options.blend == core::Blend::Crop)
    throw core::UsageError("--effort below 1 leaves tiles out, and --blend crop needs them all; leave one of the two out");
  if (options.effort < 1 && 2 * core::tile_stride(options.tile, options.overlap) > options.tile)
    throw core::UsageError("--effort below 1 leaves out tiles that others cover as a whole, and there are none with --overlap " +
                           core::shortest(options.overlap) + ": it needs an overlap of 0.5 or more");
  if (options.stain != core::StainMethod::None && !shape.stain.has(options.stain)) {
    throw core::UsageError(identity.model_path + ": does not know the stain of its training images, which --stain-normalisation " +
                           core::to_string(options.stain) + " needs; `wsi-lpd calibrate PATCHES --model MODEL` adds it");
  }
}

output::SlideStatistics segment_slide(const SlideJob& job, Segmenter& segmenter, const SegmentOptions& options, const RunIdentity& identity,
                                      const core::Work& work, const core::WorkLock* lock) {
  return with_name_of_slide(job, [&] {
    const auto start = std::chrono::steady_clock::now();
    reset_peak_memory();
    const Segmenter::Shape& shape = segmenter.shape();
    check_run(options, shape, identity);
    if (!job.failure.empty()) throw core::Error(job.failure);
    const tbb::global_control threads(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(thread_count(options)));
    Warnings warnings(job.slide.string(), work.observer);

    const OpenedSlide slide = open_slide(job, shape.mpp, options.force_mpp);
    if (!slide.why_in_place.empty()) work.observer.warn(job.slide.string() + ": is read in place: " + slide.why_in_place);
    if (const std::string& note = slide.reader->properties().note; !note.empty()) work.observer.info(job.slide.string() + ": " + note);
    warnings.add(slide.warnings);
    warnings.add(warnings_of_tile(options.tile, shape.patch_size));

    work.observer.begin("finding tissue", 0, "");
    const SlidePlan plan = plan_slide(slide, options);
    warnings.add(plan.warnings);

    output::StagedResult staged(job.stem);
    TileReader reader(slide.tiles, plan.tiles, slide.reader->properties().background, plan.glass);
    const Preparation made = prepare(slide, plan, reader, segmenter, options, work.cancel);
    warnings.add(warnings_of(made));
    SlideResults results(job.slide, staged.stem(), plan.tiles, shape, options, plan.thumbnail, plan.parts,
                         provenance_of(job, identity, slide, made));
    SlideCanvas canvas(slide, plan, segmenter, options, results, work.cancel);
    const StreamCounts counts = options.effort < 1
                                    ? stream_in_two_looks(plan, reader, segmenter, canvas, options, staged.stem().parent_path(), work)
                                    : stream_tiles(plan.tiles, scored_tiles(plan.tiles, shape), reader, segmenter, canvas, options, work);

    if (const std::string note = segmenter.take_note(); !note.empty()) work.observer.warn(job.slide.string() + ": " + note);

    work.observer.begin("writing results", 0, "");
    StageClock writing;
    writing.measure([&] { canvas.finish(); });
    core::check(work.cancel);
    // Whatever library read it: half of one slide and half of another must not become a result.
    if (core::FileIdentity(job.slide).fingerprint() != slide.fingerprint)
      throw core::Error("the file was replaced or changed while it was read: segment it again when it is whole");
    output::SlideStatistics statistics = statistics_of(job, identity, shape, slide, plan, made, counts, canvas);
    writing.measure([&] {
      results.describe(statistics);
      results.finish(slide.tiles, statistics);
    });
    work.observer.end();
    warnings.add(warnings_of(statistics, canvas));
    statistics.warnings = warnings.lines();
    statistics.seconds["write"] = writing.seconds();
    statistics.seconds["total"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    statistics.peak_memory_bytes = peak_memory();
    staged.commit(statistics, lock);
    return statistics;
  });
}

}  // namespace wsi_lpd::pipeline::segment
