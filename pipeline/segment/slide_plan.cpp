#include "slide_plan.hpp"

#include <cmath>
#include <utility>

#include "stage_clock.hpp"
#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/digest/sha256.hpp"
#include "wsi_lpd/pipeline/segment/tissue_selection.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/resolution.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

constexpr std::int64_t kThumbnailSide = 2048;

core::TilePlanOptions tile_plan_options(const slide::FrameReader& reader, const SegmentOptions& options) {
  const double tile_pixels = static_cast<double>(reader.cost({0, 0, options.tile, options.tile})) / options.tile / options.tile;
  return {.tile = options.tile,
          .overlap = options.overlap,
          .batch_size = options.batch_size,
          .level_pixels_per_output_pixel = std::sqrt(tile_pixels)};
}

/// Empty where the copy is that of a file with this fingerprint.
std::string why_not_from_copy(const std::filesystem::path& copy, const std::string& fingerprint) {
  try {
    if (core::FileIdentity(copy).fingerprint() == fingerprint) return {};
    return "the file has changed since it was copied to " + copy.string();
  } catch (const core::Error&) {
    return "its copy " + copy.string() + " is gone";
  }
}

}  // namespace

OpenedSlide open_slide(const SlideJob& job, double model_mpp, bool force_mpp) {
  const std::string fingerprint = core::FileIdentity(job.slide).fingerprint();
  const std::string why_in_place = job.read_from.empty() ? std::string() : why_not_from_copy(job.read_from, fingerprint);
  const bool is_copy = !job.read_from.empty() && why_in_place.empty();
  std::unique_ptr<slide::Reader> reader = slide::open(is_copy ? job.read_from : job.slide, {.mpp = job.mpp});
  const slide::Properties& properties = reader->properties();
  if (model_mpp > 0 && !properties.mpp)
    throw core::Error("the slide does not say its resolution, and the model works at " + core::shortest(model_mpp) +
                      " um/px: " + slide::kGiveMpp);
  const core::Frame frame = core::make_frame(properties.bounds, properties.mpp.value_or(0), model_mpp);
  std::vector<std::string> warnings = slide::check_resolution(properties, frame, force_mpp);
  if (model_mpp <= 0) warnings.emplace_back("the model does not know its resolution: the slide is read at level 0 as it is");
  const slide::FrameReader tiles(*reader, frame);
  return {fingerprint, digest::sha256_of_sample(job.slide), std::move(reader), frame, tiles, std::move(warnings), why_in_place};
}

SlidePlan plan_slide(const OpenedSlide& slide, const SegmentOptions& options) {
  SlidePlan plan;
  StageClock clock;
  std::vector<core::Rect> unreadable;
  plan.thumbnail = clock.measure([&] { return slide::thumbnail(*slide.reader, kThumbnailSide, &unreadable); });
  if (!unreadable.empty())
    plan.warnings.push_back(std::to_string(unreadable.size()) + " parts of the thumbnail can't be decoded and count as tissue");
  // A user's own mask is taken as it is.
  if (options.tissue == "auto") plan.glass = slide::GlassFinder::of(plan.thumbnail);
  TissueSelection selection = clock.measure([&] {
    return select_tissue(*slide.reader, plan.thumbnail, unreadable, options.tissue, options.region,
                         {options.min_tissue, plan.glass.has_value()});
  });
  plan.seconds = clock.seconds();
  plan.tissue = std::move(selection.tissue);
  plan.parts = std::move(selection.parts);
  plan.warnings.insert(plan.warnings.end(), selection.warnings.begin(), selection.warnings.end());
  plan.tiles = core::plan_tiles(slide.frame, plan.tissue, tile_plan_options(slide.tiles, options));
  if (plan.tiles.tiles.empty()) plan.warnings.emplace_back("no tissue was found: the result is empty");
  return plan;
}

}  // namespace wsi_lpd::pipeline::segment
