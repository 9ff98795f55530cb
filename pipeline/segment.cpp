#include "wsi_lpd/pipeline/segment.hpp"

#include <sys/stat.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/version.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>

#include "slide_crf.hpp"
#include "slide_results.hpp"
#include "tissue_selection.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/core/tissue_cut.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/model/device.hpp"
#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/pipeline/stain.hpp"
#include "wsi_lpd/slide/archive_file.hpp"
#include "wsi_lpd/slide/focus.hpp"
#include "wsi_lpd/slide/glass.hpp"
#include "wsi_lpd/slide/resolution.hpp"

namespace wsi_lpd::pipeline {
namespace {

constexpr std::int64_t kThumbnailSide = 2048;

/// Wall time of one stage, added up over threads.
class StageClock {
 public:
  template <class Work>
  decltype(auto) measure(Work&& work) {
    struct Stop {
      StageClock& clock;
      std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
      ~Stop() { clock.nanoseconds_ += std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count(); }
    } stop{*this};
    return work();
  }
  double seconds() const { return static_cast<double>(nanoseconds_.load()) * 1e-9; }

 private:
  std::atomic<std::int64_t> nanoseconds_{0};
};

/// What travels through the pipeline: one batch of tiles. Move-only.
struct Token {
  const TileBatch* batch = nullptr;
  std::unique_ptr<TileBuffer> tiles;
  std::vector<bool> readable;
  std::vector<std::uint8_t> glass;  // [tiles, tile, tile]; empty where glass is not looked for
  std::vector<float> focus;
  std::unique_ptr<Segmenter::Pending> pending;
  TileResults results;
};

/// Reads strips into the tiles that are views of them.
class TileReader {
 public:
  TileReader(const slide::FrameReader& reader, const TilePlan& plan, Colour background, const std::optional<slide::GlassFinder>& glass)
      : reader_(reader), plan_(plan), background_(background), glass_(glass) {}

  void read(Token& token) const {
    token.readable.assign(token.batch->tiles, true);
    if (glass_) token.glass.assign(token.batch->tiles * pixels(), 0);
    for (std::size_t s = 0; s < token.batch->strips; ++s) {
      const Strip& strip = plan_.strips[token.batch->first_strip + s];
      try {
        read_strip(strip, token);
      } catch (const slide::ReadError&) {
        for (std::size_t i = strip.first; i < strip.first + strip.count; ++i)
          token.readable[i - token.batch->first_tile] = read(i, tile_view(i, token).pixels, glass_view(i, token));
      }
    }
    for (std::size_t i = 0; i < token.batch->tiles; ++i)
      token.focus.push_back(token.readable[i] ? slide::sharpness(tile_view(token.batch->first_tile + i, token)) : std::nanf(""));
  }

  /// From now on tiles come in another stain, if there is one; it must live as long.
  void normalise(const std::optional<StainNormaliser>& stain) { stain_ = stain ? &*stain : nullptr; }

  /// One tile alone, into bytes() at `pixels`; false where it can't be decoded, and then it is background.
  bool read(std::size_t index, std::uint8_t* pixels, ImageView<std::uint8_t> glass = {}) const {
    const Tile& tile = plan_.tiles[index];
    const ImageView<std::uint8_t> view{pixels, plan_.tile, plan_.tile, 3, std::int64_t{3} * plan_.tile};
    try {
      read_region({tile.x, tile.y, plan_.tile, plan_.tile}, view, glass);
      return true;
    } catch (const slide::ReadError&) {
      fill(view, background_);
      return false;
    }
  }
  /// Of one tile.
  std::size_t bytes() const { return 3 * pixels(); }

 private:
  ImageView<std::uint8_t> tile_view(std::size_t index, Token& token) const {
    const std::int64_t side = plan_.tile;
    const auto slot = static_cast<std::int64_t>(index - token.batch->first_tile);
    return {token.tiles->data() + slot * side * side * 3, side, side, 3, side * 3};
  }

  std::size_t pixels() const { return static_cast<std::size_t>(plan_.tile) * static_cast<std::size_t>(plan_.tile); }
  ImageView<std::uint8_t> glass_view(std::size_t index, Token& token) const {
    if (!glass_) return {};
    return {token.glass.data() + (index - token.batch->first_tile) * pixels(), plan_.tile, plan_.tile, 1, plan_.tile};
  }

  /// Glass is looked for, where `glass` has room for it, in the slide's own colours.
  void read_region(const Rect& region, ImageView<std::uint8_t> pixels, ImageView<std::uint8_t> glass) const {
    reader_.read(region, pixels);
    if (glass.pixels) glass_->find(pixels, glass);
    if (stain_) stain_->apply(pixels);
  }

  void read_strip(const Strip& strip, Token& token) const {
    if (strip.count == 1) return read_region(strip.region, tile_view(strip.first, token), glass_view(strip.first, token));
    Image rgb(strip.region.width, strip.region.height, 3), glass;
    if (glass_) glass = Image(strip.region.width, strip.region.height, 1);
    read_region(strip.region, rgb.view(), glass_ ? glass.view() : ImageView<std::uint8_t>{});
    for (std::size_t i = strip.first; i < strip.first + strip.count; ++i) {
      const Rect part{plan_.tiles[i].x - strip.region.x, 0, plan_.tile, plan_.tile};
      copy(rgb.view().part(part), tile_view(i, token));
      if (glass_) copy(glass.view().part(part), glass_view(i, token));
    }
  }

  static void copy(ImageView<std::uint8_t> from, ImageView<std::uint8_t> to) {
    for (std::int64_t y = 0; y < to.height; ++y) std::copy_n(from.row(y), to.stride, to.row(y));
  }

  const slide::FrameReader& reader_;
  const TilePlan& plan_;
  Colour background_;
  const std::optional<slide::GlassFinder>& glass_;
  const StainNormaliser* stain_ = nullptr;
};

/// Lets the segmenter see a few tiles, spread over the plan.
Precision choose_precision(const TilePlan& plan, const TileReader& tiles, Segmenter& segmenter) {
  constexpr std::size_t kSample = 8;
  const std::size_t count = std::min(kSample, plan.tiles.size());
  std::unique_ptr<TileBuffer> sample = segmenter.allocate(static_cast<int>(count), plan.tile);
  for (std::size_t i = 0; i < count; ++i) tiles.read(i * plan.tiles.size() / count, sample->data() + tiles.bytes() * i);
  return segmenter.choose_precision(std::move(sample), static_cast<int>(count), plan.tile);
}

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << '5'; }

std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

/// Output pixels. Where µm/px is unknown, a common 0.5 stands for it.
std::int64_t smallest_hole(const SegmentOptions& options, const Frame& frame) {
  constexpr double kCommonMpp = 0.5;
  const double mpp = frame.mpp > 0 ? frame.mpp : kCommonMpp;
  return std::llround(options.min_hole / (mpp * mpp));
}

/// Runs the five stages over the plan. The order of accumulation is the plan's, so that the result is the same for any number of tokens.
double share_of_ones(std::span<const std::uint8_t> pixels) {
  return static_cast<double>(std::count(pixels.begin(), pixels.end(), 1)) / static_cast<double>(pixels.size());
}

void stream(const TilePlan& plan, const TileReader& tiles, Segmenter& segmenter, const SegmentOptions& options, Canvas& canvas,
            TissueCut* cut, SlideResults& results, output::SlideStatistics& statistics, ProgressObserver& observer,
            const CancelFlag& cancel) {
  StageClock reading, forward, writing;
  std::size_t next = 0;
  const int threads = options.threads > 0 ? options.threads : tbb::info::default_concurrency();
  const int tokens = options.tokens > 0 ? options.tokens : threads + 2;
  const auto most_unreadable = static_cast<std::int64_t>(options.max_unreadable * static_cast<double>(plan.tiles.size()));

  // The pipeline loses what is under way when a stage throws, so the tokens stay here. At most that many batches are under way, and they
  // end in order: when a batch begins, the one that had its slot has ended.
  std::vector<Token> slots(static_cast<std::size_t>(tokens));
  const auto next_batch = [&](tbb::flow_control& flow) -> Token* {
    check(cancel);
    if (next == plan.batches.size()) {
      flow.stop();
      return nullptr;
    }
    Token& token = slots[next % slots.size()];
    token.batch = &plan.batches[next++];
    return &token;
  };
  const auto read_tiles = [&](Token* token) {
    check(cancel);
    reading.measure([&] {
      token->tiles = segmenter.allocate(static_cast<int>(token->batch->tiles), plan.tile);
      tiles.read(*token);
    });
    return token;
  };
  const auto submit = [&](Token* token) {
    token->pending = segmenter.submit(std::move(token->tiles), static_cast<int>(token->batch->tiles), plan.tile);
    return token;
  };
  const auto await = [&](Token* token) {
    check(cancel);
    forward.measure([&] { token->results = segmenter.await(std::move(token->pending)); });
    return token;
  };
  const auto accumulate = [&](Token* ended) {
    const Token token = std::exchange(*ended, {});
    writing.measure([&] {
      const auto part = [&](const auto& values, std::size_t i) {
        const std::size_t size = values.size() / token.batch->tiles;
        return std::span(values).subspan(i * size, size);
      };
      for (std::size_t i = 0; i < token.batch->tiles; ++i) {
        const Tile& tile = plan.tiles[token.batch->first_tile + i];
        if (token.readable[i]) {
          if (cut) cut->add_glass(tile, part(token.glass, i));
          canvas.add(tile, part(token.results.maps, i), part(token.results.score_maps, i));
        } else {
          canvas.add_unreadable(tile);
          ++statistics.tiles_unreadable;
          if (statistics.unreadable_positions.size() < output::SlideStatistics::kMostPositions)
            statistics.unreadable_positions.push_back({std::llround(plan.frame.level0_x_from_output(static_cast<double>(tile.x))),
                                                       std::llround(plan.frame.level0_y_from_output(static_cast<double>(tile.y)))});
        }
        results.add_tile(tile, token.results, i, token.readable[i], token.focus[i], cut ? share_of_ones(part(token.glass, i)) : 0);
      }
    });
    if (statistics.tiles_unreadable > most_unreadable) {
      throw Error(std::to_string(statistics.tiles_unreadable) + " of " + std::to_string(plan.tiles.size()) +
                  " tiles can't be decoded, more than --max-unreadable allows: the file is damaged; get a new copy of it");
    }
    observer.advance(static_cast<std::int64_t>(token.batch->first_tile + token.batch->tiles));
  };

  using tbb::filter_mode;
  observer.begin("segmenting", static_cast<std::int64_t>(plan.tiles.size()), "tiles");
  tbb::parallel_pipeline(slots.size(), tbb::make_filter<void, Token*>(filter_mode::serial_in_order, next_batch) &
                                           tbb::make_filter<Token*, Token*>(filter_mode::parallel, read_tiles) &
                                           tbb::make_filter<Token*, Token*>(filter_mode::serial_in_order, submit) &
                                           tbb::make_filter<Token*, Token*>(filter_mode::parallel, await) &
                                           tbb::make_filter<Token*, void>(filter_mode::serial_in_order, accumulate));
  observer.end();
  statistics.seconds["read"] = reading.seconds();
  statistics.seconds["forward"] = forward.seconds();
  statistics.seconds["accumulate"] = writing.seconds();
}

}  // namespace

std::string library_version() { return "oneTBB " + std::to_string(TBB_VERSION_MAJOR) + "." + std::to_string(TBB_VERSION_MINOR); }

std::string fingerprint(const std::filesystem::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) throw Error(file.string() + ": " + std::strerror(errno));
  return std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

void check_run(const SegmentOptions& options, const Segmenter::Shape& shape, const RunIdentity& identity) {
  if (options.tile < shape.tile_multiple || options.tile > 4096 || options.tile % shape.tile_multiple != 0) {
    throw UsageError("--tile " + std::to_string(options.tile) + " must be a multiple of " + std::to_string(shape.tile_multiple) +
                     " up to 4096");
  }
  if (options.stain != StainMethod::None && !shape.stain.has(options.stain)) {
    throw UsageError(identity.model_path + ": does not know the stain of its training images, which --stain-normalisation " +
                     to_string(options.stain) + " needs; `wsi-lpd calibrate PATCHES --model MODEL` adds it");
  }
}

output::SlideStatistics segment_slide(const SlideJob& job, Segmenter& segmenter, const SegmentOptions& options, const RunIdentity& identity,
                                      ProgressObserver& observer, const CancelFlag& cancel, const WorkLock* lock) {
  return with_context(job.slide.string(), [&] {
    const auto start = std::chrono::steady_clock::now();
    reset_peak_memory();
    const Segmenter::Shape& shape = segmenter.shape();
    check_run(options, shape, identity);
    if (!job.failure.empty()) throw Error(job.failure);
    const tbb::global_control threads(tbb::global_control::max_allowed_parallelism,
                                      static_cast<std::size_t>(options.threads > 0 ? options.threads : tbb::info::default_concurrency()));

    if (const std::string why = slide::why_no_slide(job.slide); !why.empty()) throw Error(why);
    const std::string fingerprint_before = fingerprint(job.slide);
    const std::unique_ptr<slide::Reader> reader = slide::open(job.slide, {.mpp = job.mpp});
    const slide::Properties& properties = reader->properties();
    if (shape.mpp > 0 && !properties.mpp) {
      throw Error("the slide does not say its resolution, and the model works at " + shortest(shape.mpp) + " um/px: " + slide::kGiveMpp);
    }
    output::SlideStatistics statistics;
    statistics.slide = job.slide.string();
    statistics.slide_fingerprint = fingerprint_before;
    statistics.model_path = identity.model_path;
    statistics.model_sha256 = identity.model_sha256;
    statistics.configuration_sha256 = identity.configuration_sha256;
    statistics.frame = make_frame(properties.bounds, properties.mpp.value_or(0), shape.mpp);
    statistics.mpp_source = properties.mpp_source;
    statistics.own_mpp = properties.own_mpp;
    statistics.model_mpp_known = shape.mpp > 0;
    statistics.classes = shape.classes;
    statistics.versions = {{"wsi-lpd", WSI_LPD_VERSION},
                           {"openslide", slide::library_version()},
                           {"libvips", image::library_version()},
                           {"hdf5", output::hdf5_version()},
                           {"libtorch", model::library_version()}};
    const auto warn = [&](const std::string& line) {
      statistics.warnings.push_back(line);
      observer.warn(job.slide.string() + ": " + line);
    };
    if (!properties.note.empty()) observer.info(job.slide.string() + ": " + properties.note);
    for (const std::string& line : slide::check_resolution(properties, statistics.frame, options.force_mpp)) warn(line);
    if (shape.mpp <= 0) warn("the model does not know its resolution: the slide is read at level 0 as it is");

    observer.begin("finding tissue", 0, "");
    StageClock tissue_clock;
    std::vector<Rect> unreadable;
    const Image thumbnail = tissue_clock.measure([&] { return slide::thumbnail(*reader, kThumbnailSide, &unreadable); });
    if (!unreadable.empty()) warn(std::to_string(unreadable.size()) + " parts of the thumbnail can't be decoded and count as tissue");
    // A user's own mask is taken as it is.
    const std::optional<slide::GlassFinder> glass = options.tissue == "auto" ? slide::GlassFinder::of(thumbnail) : std::nullopt;
    const auto [tissue, parts, tissue_warnings] = tissue_clock.measure([&] {
      return select_tissue(*reader, thumbnail, unreadable, options.tissue, options.region, {options.min_tissue, glass.has_value()});
    });
    for (const std::string& line : tissue_warnings) warn(line);
    statistics.seconds["tissue"] = tissue_clock.seconds();

    const slide::FrameReader frame_reader(*reader, statistics.frame);
    TilePlanOptions plan_options{.tile = options.tile, .overlap = options.overlap, .batch_size = options.batch_size};
    plan_options.level_pixels_per_output_pixel =
        std::sqrt(static_cast<double>(frame_reader.cost({0, 0, options.tile, options.tile})) / options.tile / options.tile);
    const TilePlan plan = plan_tiles(statistics.frame, tissue, plan_options);
    if (plan.tiles.empty()) warn("no tissue was found: the result is empty");
    statistics.tiles_planned = static_cast<std::int64_t>(plan.tiles.size());
    statistics.tiles_skipped = plan.skipped();

    output::StagedResult staged(job.stem);
    TileReader tiles(frame_reader, plan, properties.background, glass);
    StageClock stain_clock;
    const auto stain =
        stain_clock.measure([&] { return stain_normaliser(frame_reader, plan, options.stain, shape.stain, statistics.stain, cancel); });
    if (!statistics.stain.problem.empty()) warn("the slide's stain stays as it is: " + statistics.stain.problem);
    statistics.seconds["stain"] = stain_clock.seconds();
    tiles.normalise(stain);
    StageClock precision_clock;
    const Precision precision = precision_clock.measure([&] { return choose_precision(plan, tiles, segmenter); });
    statistics.seconds["precision"] = precision_clock.seconds();
    statistics.precision = precision.name;
    statistics.precision_agreement = precision.agreement;
    if (precision.name == "fp32" && precision.agreement)
      warn("bfloat16 would change more labels than allowed (" + fixed(100 * *precision.agreement, 2) +
           " % of a sample agree): computing in float32, which takes about twice as long");
    SlideResults results(job.slide, staged.stem(), plan, shape, options, thumbnail, parts, statistics);
    std::optional<TissueCut> cut;
    if (glass) cut.emplace(plan, shape.grid_stride, smallest_hole(options, plan.frame), results);
    CanvasSink& cut_rows = cut ? static_cast<CanvasSink&>(*cut) : results;
    std::optional<SlideCrf> crf;
    if (options.crf)
      crf.emplace(frame_reader, plan.frame, shape.classes.count(), shape.grid_stride, *options.crf, options.threads, cancel, cut_rows);
    CanvasSink& rows = crf ? static_cast<CanvasSink&>(*crf) : cut_rows;
    Canvas canvas(plan, tissue, shape.classes.count(), shape.grid_stride, options.blend, rows, shape.presence, shape.score_stride);
    stream(plan, tiles, segmenter, options, canvas, cut ? &*cut : nullptr, results, statistics, observer, cancel);
    statistics.tiles_read = statistics.tiles_planned - statistics.tiles_unreadable;
    if (statistics.tiles_unreadable > 0) warn(std::to_string(statistics.tiles_unreadable) + " tiles can't be decoded and are marked 254");

    observer.begin("writing results", 0, "");
    StageClock finishing;
    finishing.measure([&] {
      canvas.finish();
      check(cancel);
      if (cut) statistics.glass_pixels = cut->glass_pixels();
      // Whatever library read it: half of one slide and half of another must not become a result.
      if (fingerprint(job.slide) != fingerprint_before)
        throw Error("the file was replaced or changed while it was read: segment it again when it is whole");
      results.finish(frame_reader);
    });
    if (statistics.out_of_focus.value_or(0) > slide::kManyOutOfFocus)
      warn(std::to_string(std::lround(100 * *statistics.out_of_focus)) +
           " % of the tiles are out of focus: the labels there are uncertain");
    observer.end();
    if (crf) {
      statistics.crf = true;
      statistics.seconds["crf"] = crf->seconds();
      if (crf->blocks_unreadable() > 0)
        warn("the CRF saw the background colour where the slide can't be decoded, in " + std::to_string(crf->blocks_unreadable()) +
             " blocks");
    }
    statistics.seconds["write"] = finishing.seconds();
    statistics.seconds["total"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    statistics.peak_memory_bytes = peak_memory();
    staged.commit(statistics, lock);
    return statistics;
  });
}

}  // namespace wsi_lpd::pipeline
