#include "wsi_lpd/image/deep_zoom.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/image/image_file.hpp"

namespace wsi_lpd::image {
namespace {

namespace fs = std::filesystem;

/// Red says how far to the right of `size` a place is, green how far down; blue is the same everywhere.
std::array<double, 3> colour_of(double x, double y, core::Size size) {
  return {20 + 200 * x / static_cast<double>(size.width), 20 + 200 * y / static_cast<double>(size.height), 128};
}

/// A picture of places, which counts how often each pixel is read.
class Places {
 public:
  explicit Places(core::Size size) : size_(size), read_(static_cast<std::size_t>(size.width * size.height)) {}

  void read(const core::Rect& region, const core::ImageView<std::uint8_t>& target) {
    ASSERT_GE(region.y, lowest_) << "rows of tiles come top to bottom";
    lowest_ = region.y;
    for (std::int64_t y = 0; y < region.height; ++y) {
      for (std::int64_t x = 0; x < region.width; ++x) {
        const auto colour = colour_of(static_cast<double>(region.x + x) + 0.5, static_cast<double>(region.y + y) + 0.5, size_);
        for (int c = 0; c < 3; ++c) target.at(x, y)[c] = static_cast<std::uint8_t>(std::lround(colour[static_cast<std::size_t>(c)]));
        ++read_.at(static_cast<std::size_t>((region.y + y) * size_.width + region.x + x));
      }
    }
  }
  bool all_read_once() const {
    return std::all_of(read_.begin(), read_.end(), [](int times) { return times == 1; });
  }

 private:
  core::Size size_;
  std::vector<int> read_;
  std::int64_t lowest_ = 0;
};

/// One level: the very tiles that cover `level_size`, each pixel the colour of its place.
void expect_level(const fs::path& folder, core::Size level_size, int side) {
  std::set<fs::path> expected;
  double most = 0;
  for (std::int64_t row = 0; row * side < level_size.height; ++row) {
    for (std::int64_t column = 0; column * side < level_size.width; ++column) {
      const fs::path file = folder / (std::to_string(column) + "_" + std::to_string(row) + ".jpg");
      expected.insert(file);
      ASSERT_TRUE(fs::exists(file)) << file;
      const core::Image tile = read_rgb(file);
      ASSERT_EQ(tile.width(), std::min<std::int64_t>(side, level_size.width - column * side)) << file;
      ASSERT_EQ(tile.height(), std::min<std::int64_t>(side, level_size.height - row * side)) << file;
      for (std::int64_t y = 0; y < tile.height(); ++y) {
        for (std::int64_t x = 0; x < tile.width(); ++x) {
          const auto colour =
              colour_of(static_cast<double>(column * side + x) + 0.5, static_cast<double>(row * side + y) + 0.5, level_size);
          for (std::size_t c = 0; c < 3; ++c) most = std::max(most, std::abs(tile.at(x, y)[c] - colour[c]));
        }
      }
    }
  }
  EXPECT_LE(most, 5) << folder;
  for (const auto& entry : fs::directory_iterator(folder)) EXPECT_TRUE(expected.contains(entry.path())) << entry.path();
}

/// From one tile up to the picture, each level twice the last: every tile has its place, its size and its pixels.
TEST(DeepZoom, EveryLevelShowsTheSamePlaces) {
  struct Case {
    core::Size size;
    int tile, levels;
  };
  for (const Case& c : {Case{{1300, 700}, 256, 4}, {{513, 512}, 512, 2}, {{512, 300}, 512, 1}, {{640, 1}, 128, 4}, {{200, 801}, 128, 4}}) {
    SCOPED_TRACE(std::to_string(c.size.width) + "x" + std::to_string(c.size.height));
    const testing::TemporaryFolder folder;
    Places places(c.size);
    write_deep_zoom(folder / "tiles", c.size,
                    [&](const core::Rect& region, const core::ImageView<std::uint8_t>& target) { places.read(region, target); },
                    {.tile = c.tile, .jpeg_quality = 95});
    EXPECT_TRUE(places.all_read_once());
    for (int level = 0; level < c.levels; ++level) {
      const std::int64_t factor = std::int64_t{1} << (c.levels - 1 - level);
      expect_level(folder / "tiles" / std::to_string(level),
                   {core::divide_up(c.size.width, factor), core::divide_up(c.size.height, factor)}, c.tile);
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(folder / "tiles"), {}),
              c.levels + (fs::exists(folder / "tiles/vips-properties.xml") ? 1 : 0));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "nothing beside the tiles";
  }
}

struct ReaderBroke : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST(DeepZoom, WhatTheReaderThrowsReachesTheCaller) {
  const testing::TemporaryFolder folder;
  int calls = 0;
  const auto read = [&](const core::Rect&, const core::ImageView<std::uint8_t>& target) {
    if (++calls == 5) throw ReaderBroke("tile 5");
    core::fill(target, {1, 2, 3});
  };
  try {
    write_deep_zoom(folder / "tiles", {1000, 1000}, read, {.tile = 256});
    ADD_FAILURE() << "written without complaint";
  } catch (const ReaderBroke& error) {
    EXPECT_STREQ(error.what(), "tile 5");
  }
}

TEST(DeepZoom, ImpossibleSizesAreErrors) {
  const testing::TemporaryFolder folder;
  for (const core::Size size : {core::Size{0, 5}, core::Size{5, 0}, core::Size{-1, 5}, core::Size{std::int64_t{1} << 40, 5}})
    EXPECT_THROW(write_deep_zoom(folder / "tiles", size, [](const core::Rect&, const core::ImageView<std::uint8_t>&) {}), core::Error)
        << size.width;
  EXPECT_FALSE(fs::exists(folder / "tiles"));
}

}  // namespace
}  // namespace wsi_lpd::image
