// Plans of tiles: every pixel on tissue is in a tile, no tile lies outside, strips and batches are partitions, and sums do not overflow.
#include "wsi_lpd/core/tile_plan.hpp"

#include <cmath>

#include "fuzz.hpp"

using namespace wsi_lpd;

namespace {

constexpr std::int64_t kMostTiles = 20'000;  // of the whole grid, so that one input takes milliseconds

core::TissueMask take_tissue(fuzz::Numbers& numbers, const core::Rect& bounds) {
  core::TissueMask tissue{core::Image(numbers.take(1, 12), numbers.take(1, 12), 1), bounds};
  if (numbers.take<std::uint8_t>() % 2 == 1) {  // regions of a user lie anywhere
    tissue.area.x += numbers.take(-100'000, 100'000), tissue.area.y += numbers.take(-100'000, 100'000);
    tissue.area.width = numbers.take(1, 200'000), tissue.area.height = numbers.take(1, 200'000);
  }
  const auto kind = numbers.take<std::uint8_t>() % 4;  // all, none, or as the bytes say
  for (std::size_t i = 0; i < tissue.mask.bytes(); ++i)
    tissue.mask.data()[i] = kind == 0 || (kind > 1 && numbers.take<std::uint8_t>() % 2) ? 1 : 0;
  return tissue;
}

void check_strips(const core::TilePlan& plan, const core::TilePlanOptions& options) {
  std::size_t tiles = 0, strips = 0;
  for (const core::TileBatch& batch : plan.batches) {
    fuzz::check(batch.first_tile == tiles && batch.first_strip == strips, "a batch that does not follow the one before");
    fuzz::check(batch.tiles > 0 && batch.tiles <= static_cast<std::size_t>(options.batch_size), "a batch of another size");
    std::size_t tile = batch.first_tile;
    for (std::size_t s = 0; s < batch.strips; ++s) {
      const core::Strip& strip = plan.strips.at(strips + s);
      fuzz::check(strip.first == tile && strip.count > 0, "a strip that does not follow the one before");
      for (std::size_t i = 0; i < strip.count; ++i) {
        const core::Tile& at = plan.tiles.at(tile + i);
        const core::Tile wanted{strip.region.x + static_cast<std::int64_t>(i) * plan.stride, strip.region.y};
        fuzz::check(at == wanted && at.x + plan.tile <= strip.region.right(), "a tile outside of its strip");
      }
      tile += strip.count;
      const double pixels = static_cast<double>(strip.region.width) * static_cast<double>(strip.region.height) *
                            options.level_pixels_per_output_pixel * options.level_pixels_per_output_pixel;
      fuzz::check(strip.count == 1 || pixels <= 1.001 * static_cast<double>(options.max_strip_pixels), "a strip of too many pixels");
    }
    fuzz::check(tile == batch.first_tile + batch.tiles, "a batch whose strips have other tiles");
    tiles += batch.tiles, strips += batch.strips;
  }
  fuzz::check(tiles == plan.tiles.size() && strips == plan.strips.size(), "tiles or strips outside of all batches");
}

/// The pixel (x, y) of the output, if its centre is on tissue, lies in a tile.
void check_pixel(const core::TilePlan& plan, const core::TissueMask& tissue, std::int64_t x, std::int64_t y) {
  const core::Frame& frame = plan.frame;
  if (!tissue.at(frame.level0_x_from_output(static_cast<double>(x) + 0.5), frame.level0_y_from_output(static_cast<double>(y) + 0.5)))
    return;
  const bool covered = std::any_of(plan.tiles.begin(), plan.tiles.end(), [&](const core::Tile& tile) {
    return tile.x <= x && x < tile.x + plan.tile && tile.y <= y && y < tile.y + plan.tile;
  });
  fuzz::check(covered, "tissue at " + std::to_string(x) + ", " + std::to_string(y) + " without a tile");
}

void check_sparse(const core::TilePlan& plan) {
  const std::vector<std::uint8_t> sparse = core::sparse_tiles(plan);
  fuzz::check(sparse.size() == plan.tiles.size(), "a sparse choice of another number of tiles");
  if (plan.tiles.size() > 500) return;
  for (const core::Tile& tile : plan.tiles) {
    bool seen = false;
    for (std::size_t i = 0; i < sparse.size(); ++i) {
      const core::Tile& other = plan.tiles[i];
      seen = seen || (sparse[i] && std::abs(other.x - tile.x) < plan.tile && std::abs(other.y - tile.y) < plan.tile);
    }
    fuzz::check(seen, "a tile that no tile of the sparse choice overlaps");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::Numbers numbers(bytes, size);
  const bool is_huge = numbers.take<std::uint8_t>() % 4 == 0;
  const std::int64_t longest = is_huge ? std::int64_t{1} << 40 : 20'000;
  const core::Rect bounds{numbers.take(-1'000, 1'000), numbers.take(-1'000, 1'000), numbers.take(0, longest), numbers.take(0, longest)};
  const double slide_mpp = static_cast<double>(numbers.take(0, 10'000)) / 1000,
               model_mpp = static_cast<double>(numbers.take(0, 10'000)) / 1000;
  core::Frame frame;
  if (!fuzz::accepts([&] { frame = core::make_frame(bounds, slide_mpp, model_mpp); })) return 0;
  fuzz::check(frame.size.width > 0 && frame.size.height > 0 && frame.size.width < INT64_C(1) << 31 && frame.size.height < INT64_C(1) << 31,
              "a frame without a size that can be");

  const core::TissueMask tissue = take_tissue(numbers, bounds);
  core::TilePlanOptions options;
  options.tile = static_cast<int>(numbers.take(1, 128)) * core::kTileAlignment;
  options.overlap = static_cast<double>(numbers.take(0, 900)) / 1000;
  options.batch_size = static_cast<int>(numbers.take(1, 64));
  options.level_pixels_per_output_pixel = static_cast<double>(numbers.take(1, 64'000)) / 1000;
  options.max_strip_pixels = numbers.take(1, std::int64_t{1} << 24);
  const int stride = core::tile_stride(options.tile, options.overlap);
  fuzz::check(stride > 0 && stride <= options.tile && stride % core::kTileAlignment == 0, "a stride that cannot be");
  if ((frame.size.width / stride + 1) > kMostTiles / (frame.size.height / stride + 1)) return 0;

  const core::TilePlan plan = core::plan_tiles(frame, tissue, options);
  fuzz::check(plan.skipped() >= 0, "more tiles than the grid has");
  fuzz::check(
      (plan.columns - 1) * plan.stride + plan.tile >= frame.size.width && (plan.rows - 1) * plan.stride + plan.tile >= frame.size.height,
      "a grid that does not cover the frame");
  for (std::size_t i = 0; i < plan.tiles.size(); ++i) {
    const core::Tile& tile = plan.tiles[i];
    fuzz::check(tile.x >= 0 && tile.y >= 0 && tile.x < frame.size.width && tile.y < frame.size.height, "a tile outside of the frame");
    if (i > 0) fuzz::check(std::pair(plan.tiles[i - 1].y, plan.tiles[i - 1].x) < std::pair(tile.y, tile.x), "tiles out of order");
  }
  check_sparse(plan);
  const core::TilePlan covering = core::part_of(plan, core::covering_tiles(plan, tissue));
  const std::int64_t right = frame.size.width - 1, bottom = frame.size.height - 1;
  std::vector<std::pair<std::int64_t, std::int64_t>> pixels{{0, 0}, {right, 0}, {0, bottom}, {right, bottom}};
  for (int i = 0; i < 16; ++i) pixels.emplace_back(numbers.take(0, right), numbers.take(0, bottom));
  for (const core::TilePlan* each : {&plan, &covering}) {
    check_strips(*each, options);
    for (const auto& [x, y] : pixels) check_pixel(*each, tissue, x, y);
  }
  return 0;
}
