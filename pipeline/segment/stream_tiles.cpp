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
  TileStream(const core::TilePlan& plan, std::vector<std::uint8_t> scored, const TileReader& reader, Segmenter& segmenter, TileSink& sink,
             const SegmentOptions& options, const core::Work& work, StreamCounts before)
      : plan_(plan),
        reader_(reader),
        segmenter_(segmenter),
        sink_(sink),
        work_(work),
        scored_(std::move(scored)),
        counts_(std::move(before)),
        most_unreadable_(static_cast<std::int64_t>(options.max_unreadable * static_cast<double>(all_tiles()))),
        slots_(static_cast<std::size_t>(options.tokens > 0 ? options.tokens : thread_count(options) + 2)) {}

  StreamCounts run(const std::string& name) {
    using tbb::filter_mode;
    work_.observer.begin(name, static_cast<std::int64_t>(plan_.tiles.size()), "tiles");
    tbb::parallel_pipeline(
        slots_.size(),
        tbb::make_filter<void, Token*>(filter_mode::serial_in_order, [this](tbb::flow_control& flow) { return next_batch(flow); }) &
            tbb::make_filter<Token*, Token*>(filter_mode::parallel, [this](Token* token) { return read_tiles(token); }) &
            tbb::make_filter<Token*, Token*>(filter_mode::serial_in_order, [this](Token* token) { return submit(token); }) &
            tbb::make_filter<Token*, Token*>(filter_mode::parallel, [this](Token* token) { return await(token); }) &
            tbb::make_filter<Token*, void>(filter_mode::serial_in_order, [this](Token* token) { accumulate(std::exchange(*token, {})); }));
    work_.observer.end();
    counts_.tiles = all_tiles();
    counts_.read_seconds += reading_.seconds();
    counts_.forward_seconds += forward_.seconds();
    counts_.accumulate_seconds += accumulating_.seconds();
    return std::move(counts_);
  }

 private:
  std::int64_t all_tiles() const { return counts_.tiles + static_cast<std::int64_t>(plan_.tiles.size()); }

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
        sink_.add(seen_of(token, i));
        if (!token.read.readable[i]) count_unreadable(plan_.tiles[token.batch->first_tile + i]);
      }
    });
    if (counts_.unreadable > most_unreadable_) {
      throw core::Error(std::to_string(counts_.unreadable) + " of " + std::to_string(all_tiles()) +
                        " tiles can't be decoded, more than --max-unreadable allows: the file is damaged; get a new copy of it");
    }
    work_.observer.advance(static_cast<std::int64_t>(token.batch->first_tile + token.batch->tiles));
  }

  SeenTile seen_of(const Token& token, std::size_t index) const {
    const std::size_t count = token.batch->tiles;
    const auto part = [&](const auto& values) { return std::span(values).subspan(index * (values.size() / count), values.size() / count); };
    const bool readable = token.read.readable[index];
    return {.tile = plan_.tiles[token.batch->first_tile + index],
            .readable = readable,
            .focus = token.read.focus[index],
            .stain_distance = token.read.stain_distance[index],
            .feature_distance = readable && !token.seen.distances.empty() ? token.seen.distances[index] : NAN,
            .glass = part(token.read.glass),
            .maps = part(token.seen.maps),
            .score_maps = token.scored[index] ? part(token.seen.score_maps) : std::span<const float>(),
            .scores = part(token.seen.scores),
            .prototypes = part(token.seen.prototypes),
            .features = part(token.seen.features)};
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
  TileSink& sink_;
  const core::Work& work_;
  std::vector<std::uint8_t> scored_;  ///< [tiles of the plan]: 1 for those that the segmenter scores
  StreamCounts counts_;
  std::int64_t most_unreadable_;
  // The pipeline loses what is under way when a stage throws, so the tokens stay here. At most that many batches are under way, and they
  // end in order: when a batch begins, the one that had its slot has ended.
  std::vector<Token> slots_;
  std::size_t next_ = 0;  ///< batch
  StageClock reading_, forward_, accumulating_;
};

}  // namespace

int thread_count(const SegmentOptions& options) { return options.threads > 0 ? options.threads : tbb::info::default_concurrency(); }

std::vector<std::uint8_t> scored_tiles(const core::TilePlan& plan, const Segmenter::Shape& shape) {
  return shape.sparse_scores ? core::sparse_tiles(plan) : std::vector<std::uint8_t>(plan.tiles.size(), 1);
}

StreamCounts stream_tiles(const core::TilePlan& plan, std::vector<std::uint8_t> scored, const TileReader& reader, Segmenter& segmenter,
                          TileSink& sink, const SegmentOptions& options, const core::Work& work, const std::string& name,
                          StreamCounts before) {
  return TileStream(plan, std::move(scored), reader, segmenter, sink, options, work, std::move(before)).run(name);
}

}  // namespace wsi_lpd::pipeline::segment
