#include "stream_tiles.hpp"

#include <tbb/info.h>
#include <tbb/parallel_pipeline.h>

#include <cmath>
#include <utility>

#include "stage_clock.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

/// What travels through the pipeline: one batch of tiles. Move-only.
struct Token {
  const core::TileBatch* batch = nullptr;
  ReadTiles read;
  std::span<const std::uint8_t> scored;  ///< [tiles]: 1 for those that the segmenter scores
  std::unique_ptr<Segmenter::Pending> pending;
  TileResults seen;
};

/// The five stages. Which of them run in parallel, and in which order, is run()'s.
class TileStream {
 public:
  TileStream(const core::TilePlan& plan, const TileReader& reader, Segmenter& segmenter, SlideCanvas& sink, const SegmentOptions& options,
             const core::Work& work)
      : plan_(plan),
        reader_(reader),
        segmenter_(segmenter),
        sink_(sink),
        work_(work),
        scored_(segmenter.shape().sparse_scores ? core::sparse_tiles(plan) : std::vector<std::uint8_t>(plan.tiles.size(), 1)),
        most_unreadable_(static_cast<std::int64_t>(options.max_unreadable * static_cast<double>(plan.tiles.size()))),
        slots_(static_cast<std::size_t>(options.tokens > 0 ? options.tokens : thread_count(options) + 2)) {}

  StreamCounts run() {
    using tbb::filter_mode;
    work_.observer.begin("segmenting", static_cast<std::int64_t>(plan_.tiles.size()), "tiles");
    tbb::parallel_pipeline(
        slots_.size(),
        tbb::make_filter<void, Token*>(filter_mode::serial_in_order, [this](tbb::flow_control& flow) { return next_batch(flow); }) &
            tbb::make_filter<Token*, Token*>(filter_mode::parallel, [this](Token* token) { return read_tiles(token); }) &
            tbb::make_filter<Token*, Token*>(filter_mode::serial_in_order, [this](Token* token) { return submit(token); }) &
            tbb::make_filter<Token*, Token*>(filter_mode::parallel, [this](Token* token) { return await(token); }) &
            tbb::make_filter<Token*, void>(filter_mode::serial_in_order, [this](Token* token) { accumulate(std::exchange(*token, {})); }));
    work_.observer.end();
    counts_.read_seconds = reading_.seconds();
    counts_.forward_seconds = forward_.seconds();
    counts_.accumulate_seconds = accumulating_.seconds();
    return std::move(counts_);
  }

 private:
  Token* next_batch(tbb::flow_control& flow) {
    core::check(work_.cancel);
    if (next_ == plan_.batches.size()) {
      flow.stop();
      return nullptr;
    }
    Token& token = slots_[next_ % slots_.size()];
    token.batch = &plan_.batches[next_++];
    return &token;
  }

  Token* read_tiles(Token* token) {
    core::check(work_.cancel);
    reading_.measure(
        [&] { token->read = reader_.read(*token->batch, segmenter_.allocate(static_cast<int>(token->batch->tiles), plan_.tile)); });
    return token;
  }

  Token* submit(Token* token) {
    token->scored = std::span(scored_).subspan(token->batch->first_tile, token->batch->tiles);
    token->pending = segmenter_.submit(std::move(token->read.pixels), static_cast<int>(token->batch->tiles), plan_.tile, token->scored);
    return token;
  }

  Token* await(Token* token) {
    core::check(work_.cancel);
    forward_.measure([&] { token->seen = segmenter_.await(std::move(token->pending)); });
    return token;
  }

  void accumulate(const Token& token) {
    accumulating_.measure([&] {
      for (std::size_t i = 0; i < token.batch->tiles; ++i) {
        sink_.add(token.read, token.seen, i, token.scored[i] != 0);
        if (!token.read.readable[i]) count_unreadable(plan_.tiles[token.batch->first_tile + i]);
      }
    });
    if (counts_.unreadable > most_unreadable_) {
      throw core::Error(std::to_string(counts_.unreadable) + " of " + std::to_string(plan_.tiles.size()) +
                        " tiles can't be decoded, more than --max-unreadable allows: the file is damaged; get a new copy of it");
    }
    work_.observer.advance(static_cast<std::int64_t>(token.batch->first_tile + token.batch->tiles));
  }

  void count_unreadable(const core::Tile& tile) {
    ++counts_.unreadable;
    if (counts_.unreadable_positions.size() == output::SlideStatistics::kMostPositions) return;
    counts_.unreadable_positions.push_back({std::llround(plan_.frame.level0_x_from_output(static_cast<double>(tile.x))),
                                            std::llround(plan_.frame.level0_y_from_output(static_cast<double>(tile.y)))});
  }

  const core::TilePlan& plan_;
  const TileReader& reader_;
  Segmenter& segmenter_;
  SlideCanvas& sink_;
  const core::Work& work_;
  std::vector<std::uint8_t> scored_;  ///< [tiles of the plan]: 1 for those that the segmenter scores
  std::int64_t most_unreadable_;
  // The pipeline loses what is under way when a stage throws, so the tokens stay here. At most that many batches are under way, and they
  // end in order: when a batch begins, the one that had its slot has ended.
  std::vector<Token> slots_;
  std::size_t next_ = 0;  ///< batch
  StageClock reading_, forward_, accumulating_;
  StreamCounts counts_;
};

}  // namespace

int thread_count(const SegmentOptions& options) { return options.threads > 0 ? options.threads : tbb::info::default_concurrency(); }

StreamCounts stream_tiles(const core::TilePlan& plan, const TileReader& reader, Segmenter& segmenter, SlideCanvas& sink,
                          const SegmentOptions& options, const core::Work& work) {
  return TileStream(plan, reader, segmenter, sink, options, work).run();
}

}  // namespace wsi_lpd::pipeline::segment
