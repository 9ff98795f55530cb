#include "wsi_lpd/core/tile_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {
namespace {

TissueMask everywhere(const Rect& area) { return {Image(1, 1, 1, 1), area}; }

TEST(TileStride, IsTheNearestMultipleOfTheAlignment) {
  EXPECT_EQ(tile_stride(224, 0), 224);
  EXPECT_EQ(tile_stride(224, 0.25), 176);
  EXPECT_EQ(tile_stride(224, 0.5), 112);
  EXPECT_EQ(tile_stride(64, 0.9), 16);
}

TEST(MakeFrame, ScalesByTheRatioOfResolutions) {
  const Frame frame = make_frame({10, 20, 8001, 4003}, 0.25, 0.5);
  EXPECT_DOUBLE_EQ(frame.scale, 2);
  EXPECT_EQ(frame.size, (Size{4001, 2002}));
  EXPECT_DOUBLE_EQ(frame.mpp, 0.5);
  EXPECT_DOUBLE_EQ(frame.level0_x_from_output(100), 210);
  EXPECT_DOUBLE_EQ(make_frame({0, 0, 100, 100}, 0, 0.5).scale, 1);
}

TEST(MakeFrame, RefusesEmptyAndGiganticResults) {
  EXPECT_THROW(make_frame({0, 0, 1, 1}, 0.1, 10), Error);
  EXPECT_THROW(make_frame({0, 0, std::int64_t{1} << 30, 10}, 10, 0.1), Error);
}

TEST(TilePlan, CoversEveryPixelOfRandomFrames) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    const Frame frame = make_frame({pick(-50, 50), pick(0, 900), pick(1, 900), pick(1, 900)}, 0.5, 0.5);
    TilePlanOptions options;
    options.tile = 32 * pick(1, 5);
    options.overlap = pick(0, 7) / 10.0;
    options.batch_size = pick(1, 9);
    const TilePlan plan = plan_tiles(frame, everywhere(frame.bounds), options);
    ASSERT_EQ(static_cast<std::int64_t>(plan.tiles.size()), plan.columns * plan.rows);
    EXPECT_GE((plan.columns - 1) * plan.stride + plan.tile, frame.size.width);
    if (plan.columns > 1) {
      EXPECT_LT((plan.columns - 2) * plan.stride + plan.tile, frame.size.width);
    }
    EXPECT_GE((plan.rows - 1) * plan.stride + plan.tile, frame.size.height);
    // Batches and strips slice the tiles without gap or repetition; a strip lies in one row and covers its tiles exactly.
    std::size_t tile = 0;
    std::size_t strip_index = 0;
    for (const TileBatch& batch : plan.batches) {
      EXPECT_EQ(batch.first_tile, tile);
      EXPECT_EQ(batch.first_strip, strip_index);
      EXPECT_LE(batch.tiles, static_cast<std::size_t>(options.batch_size));
      for (std::size_t s = 0; s < batch.strips; ++s) {
        const Strip& strip = plan.strips[strip_index++];
        EXPECT_EQ(strip.first, tile);
        EXPECT_EQ(strip.region.x, plan.tiles[tile].x);
        tile += strip.count;
        EXPECT_EQ(strip.region.right(), plan.tiles[tile - 1].x + plan.tile);
        EXPECT_EQ(plan.tiles[tile - 1].y, strip.region.y);
      }
      EXPECT_EQ(batch.first_tile + batch.tiles, tile);
    }
    EXPECT_EQ(tile, plan.tiles.size());
    EXPECT_EQ(strip_index, plan.strips.size());
  }
}

TEST(TilePlan, TakesTheTilesWhoseMiddleTouchesTissue) {
  const Frame frame = make_frame({0, 0, 1000, 1000}, 0, 0);
  TissueMask tissue{Image(100, 100, 1), frame.bounds};
  *tissue.mask.at(50, 50) = 1;  // level-0 [500, 510)
  TilePlanOptions options;
  options.tile = 128;
  options.overlap = 0.5;
  const TilePlan plan = plan_tiles(frame, tissue, options);
  ASSERT_EQ(plan.tiles.size(), 1U);
  EXPECT_EQ(plan.tiles[0], (Tile{448, 448}));
  EXPECT_EQ(plan.skipped(), plan.columns * plan.rows - 1);
}

TEST(TilePlan, BoundsTheSizeOfOneRead) {
  const Frame frame = make_frame({0, 0, 20000, 500}, 0, 0);
  TilePlanOptions options;
  options.batch_size = 64;
  options.level_pixels_per_output_pixel = 3;
  for (const Strip& strip : plan_tiles(frame, everywhere(frame.bounds), options).strips) {
    EXPECT_LE(strip.region.width * strip.region.height * 9, options.max_strip_pixels);
  }
}

TEST(TilePlan, IsEmptyWithoutTissue) {
  const Frame frame = make_frame({0, 0, 1000, 1000}, 0, 0);
  const TilePlan plan = plan_tiles(frame, TissueMask{}, {});
  EXPECT_TRUE(plan.tiles.empty());
  EXPECT_TRUE(plan.batches.empty());
}

TEST(SparseTiles, SeeEachPlaceAboutOnce) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    const Frame frame = make_frame({0, 0, pick(1, 900), pick(1, 900)}, 0.5, 0.5);
    const TilePlan plan = plan_tiles(frame, everywhere(frame.bounds), {.tile = 32 * pick(1, 5), .overlap = pick(0, 8) / 10.0});
    const std::vector<std::uint8_t> sparse = sparse_tiles(plan);
    ASSERT_EQ(sparse.size(), plan.tiles.size());
    Image seen(frame.size.width, frame.size.height, 1);
    for (std::size_t i = 0; i < sparse.size(); ++i) {
      if (!sparse[i]) continue;
      const Tile& tile = plan.tiles[i];
      for (std::int64_t y = tile.y; y < std::min(tile.y + plan.tile, frame.size.height); ++y)
        for (std::int64_t x = tile.x; x < std::min(tile.x + plan.tile, frame.size.width); ++x) *seen.at(x, y) = 1;
    }
    EXPECT_EQ(std::count(seen.data(), seen.data() + seen.bytes(), 1), frame.size.width * frame.size.height);
    const std::int64_t step = plan.tile / plan.stride, columns = divide_up(plan.columns, step) + 1, rows = divide_up(plan.rows, step) + 1;
    EXPECT_LE(std::count(sparse.begin(), sparse.end(), 1), columns * rows);
  }
}

TEST(CoveringTiles, SeeAllTissue) {
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    const Frame frame = make_frame({0, 0, 1503, 1301}, 0.5, 0.5);
    Image mask(30, 26, 1);
    for (std::size_t i = 0; i < mask.bytes(); ++i) mask.data()[i] = std::uniform_int_distribution(0, 9)(random) == 0;
    const TissueMask tissue{std::move(mask), frame.bounds};
    const TilePlan plan = plan_tiles(frame, tissue, {.tile = 224, .overlap = std::array{0.0, 0.3, 0.5, 0.75}[round % 4]});
    const std::vector<std::uint8_t> covering = covering_tiles(plan, tissue);
    const TilePlan part = part_of(plan, covering);
    Image seen(frame.size.width, frame.size.height, 1);
    for (const Tile& tile : part.tiles)
      for (std::int64_t y = tile.y; y < std::min(tile.y + plan.tile, frame.size.height); ++y)
        for (std::int64_t x = tile.x; x < std::min(tile.x + plan.tile, frame.size.width); ++x) *seen.at(x, y) = 1;
    for (std::int64_t y = 0; y < frame.size.height; ++y)
      for (std::int64_t x = 0; x < frame.size.width; ++x)
        ASSERT_TRUE(*seen.at(x, y) || !tissue.at(static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5)) << round;
    EXPECT_EQ(part.tiles.size(), static_cast<std::size_t>(std::count(covering.begin(), covering.end(), 1)));
  }
}

TEST(PartOf, HasStripsAndBatchesOfItsOwn) {
  const Frame frame = make_frame({0, 0, 2000, 700}, 0.5, 0.5);
  const TilePlan plan = plan_tiles(frame, everywhere(frame.bounds), {.tile = 224, .overlap = 0.5, .batch_size = 7});
  const TilePlan whole = part_of(plan, std::vector<std::uint8_t>(plan.tiles.size(), 1));
  EXPECT_EQ(whole.tiles, plan.tiles);
  ASSERT_EQ(whole.strips.size(), plan.strips.size());
  for (std::size_t i = 0; i < plan.strips.size(); ++i) EXPECT_EQ(whole.strips[i].region, plan.strips[i].region);
  ASSERT_EQ(whole.batches.size(), plan.batches.size());

  std::vector<std::uint8_t> wanted(plan.tiles.size(), 1);
  wanted[2] = 0;
  const TilePlan part = part_of(plan, wanted);
  EXPECT_EQ(part.strips[0].count, 2U);
  EXPECT_EQ(part.strips[1].first, 2U);
  EXPECT_EQ(part.strips[1].count, 5U) << "to the end of the batch";
  EXPECT_EQ(part.strips[1].region, (Rect{3 * 112, 0, 4 * 112 + 224, 224}));
  EXPECT_EQ(part.batches[0].tiles, 7U);
  EXPECT_EQ(part.batches[0].strips, 2U);
}

TEST(SparseTiles, EveryTileOfAnyTissueIsOneOrTouchesOne) {
  std::mt19937 random(4);
  for (int round = 0; round < 50; ++round) {
    const Frame frame = make_frame({0, 0, 1500, 1300}, 0.5, 0.5);
    Image mask(30, 26, 1);
    for (std::size_t i = 0; i < mask.bytes(); ++i) mask.data()[i] = std::uniform_int_distribution(0, 9)(random) == 0;
    const TilePlan plan = plan_tiles(frame, {std::move(mask), frame.bounds}, {.tile = 224, .overlap = round % 2 ? 0.5 : 0.75});
    const std::vector<std::uint8_t> sparse = sparse_tiles(plan);
    for (std::size_t i = 0; i < sparse.size(); ++i) {
      bool overlapped = false;
      for (std::size_t k = 0; k < sparse.size(); ++k)
        overlapped = overlapped || (sparse[k] && std::abs(plan.tiles[i].x - plan.tiles[k].x) < plan.tile &&
                                    std::abs(plan.tiles[i].y - plan.tiles[k].y) < plan.tile);
      EXPECT_TRUE(overlapped) << round << " tile " << i;
    }
  }
}

}  // namespace
}  // namespace wsi_lpd::core
