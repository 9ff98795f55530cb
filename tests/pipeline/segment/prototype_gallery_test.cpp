#include "prototype_gallery.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "pipeline/identity_segmenter.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/open.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using testing::TemporaryFolder;

constexpr int kTile = 64, kStride = 32;
constexpr core::Size kSlide{640, 480};
constexpr std::int64_t kCell = 158, kRow = 178, kLeft = 8, kTop = 48;  // of the sheet: from cell to cell, from row to row, of the first

/// A tile's own colour in its middle, whatever its neighbours repeat of it.
core::Colour colour_at(std::int64_t x, std::int64_t y) {
  const std::int64_t column = x / kStride, row = y / kStride;
  return {static_cast<std::uint8_t>(12 * column), static_cast<std::uint8_t>(16 * row),
          static_cast<std::uint8_t>(20 * ((column + row) % 4))};
}

class Gallery : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_slide(folder_ / "slide.tif", kSlide, 0.5, colour_at);
    reader_ = slide::open(folder_ / "slide.tif");
    frame_ = core::make_frame({0, 0, kSlide.width, kSlide.height}, 0.5, 0.5);
    plan_ = core::plan_tiles(frame_, {core::Image(1, 1, 1, 1), frame_.bounds}, {.tile = kTile, .overlap = 0.5});
    classes_ = core::default_class_scheme(3);
  }
  /// The cells of row `p`, by the colour of the upper left quarter of the tile that they show.
  static core::Colour cell(const core::Image& sheet, std::int64_t p, std::int64_t column) {
    const std::uint8_t* pixel = sheet.at(kLeft + column * kCell + 37, kTop + p * kRow + 37);
    return {pixel[0], pixel[1], pixel[2]};
  }
  static void expect_near(const core::Colour& a, const core::Colour& b) {
    EXPECT_NEAR(a.red, b.red, 1);
    EXPECT_NEAR(a.green, b.green, 1);
    EXPECT_NEAR(a.blue, b.blue, 1);
  }

  TemporaryFolder folder_;
  std::unique_ptr<slide::Reader> reader_;
  core::Frame frame_;
  core::TilePlan plan_;
  core::ClassScheme classes_;
};

TEST_F(Gallery, ShowsTheStrongestTilesThatDoNotOverlap) {
  ASSERT_GT(plan_.tiles.size(), 200U);
  PrototypeGallery gallery(plan_, classes_, 2);
  std::mt19937 random(2);
  std::vector<std::vector<float>> peaks;
  for (const core::Tile& tile : plan_.tiles) {
    peaks.emplace_back();
    for (int p = 0; p < 6; ++p) peaks.back().push_back(static_cast<float>(random() % 1000) / 10);
    gallery.add(tile, peaks.back(), 0);
  }
  const core::Image sheet = gallery.draw(slide::FrameReader(*reader_, frame_));
  for (std::size_t p = 0; p < 6; ++p) {
    SCOPED_TRACE(p);
    // what the header says, in the plainest way: all tiles in order of their answers, taken where no taken one overlaps
    std::vector<std::size_t> order(plan_.tiles.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return peaks[a][p] > peaks[b][p]; });
    std::vector<core::Tile> chosen;
    for (const std::size_t i : order) {
      const core::Tile& tile = plan_.tiles[i];
      const bool is_free = std::none_of(chosen.begin(), chosen.end(), [&](const core::Tile& other) {
        return std::abs(tile.x - other.x) < kTile && std::abs(tile.y - other.y) < kTile;
      });
      if (is_free && chosen.size() < 6) chosen.push_back(tile);
    }
    ASSERT_EQ(chosen.size(), 6U);
    for (std::size_t c = 0; c < chosen.size(); ++c)
      expect_near(cell(sheet, static_cast<std::int64_t>(p), static_cast<std::int64_t>(c)), colour_at(chosen[c].x, chosen[c].y));
  }
}

TEST_F(Gallery, LeavesOutWhatNoTileAnswersTo) {
  PrototypeGallery gallery(plan_, classes_, 1);
  const std::int64_t empty = gallery.draw(slide::FrameReader(*reader_, frame_)).height();
  const float nothing = std::nanf("");
  gallery.add(plan_.tiles[0], std::vector<float>{nothing, 2, nothing}, 0.25);
  gallery.add(plan_.tiles[1], std::vector<float>{nothing, 3, nothing}, 0);
  const core::Image sheet = gallery.draw(slide::FrameReader(*reader_, frame_));
  EXPECT_EQ(sheet.height() - empty, kRow) << "one row";
  expect_near(cell(sheet, 0, 0), colour_at(plan_.tiles[1].x, plan_.tiles[1].y));
  expect_near(cell(sheet, 0, 1), {255, 255, 255});  // its neighbour overlaps
}

TEST_F(Gallery, LeavesOutTilesOfGlass) {
  PrototypeGallery gallery(plan_, classes_, 1);
  gallery.add(plan_.tiles[0], std::vector<float>{2, 2, 2}, 0.2);
  gallery.add(plan_.tiles[4], std::vector<float>{3, 3, 3}, 0.3);
  expect_near(cell(gallery.draw(slide::FrameReader(*reader_, frame_)), 0, 0), colour_at(plan_.tiles[0].x, plan_.tiles[0].y));
}

/// A slide of which nothing can be read any more.
class Unreadable : public slide::Reader {
 public:
  explicit Unreadable(slide::Properties properties) : properties_(std::move(properties)) {}
  const slide::Properties& properties() const override { return properties_; }
  void read(int, const core::Rect&, core::ImageView<std::uint8_t>) const override { throw slide::ReadError("damaged"); }

 private:
  slide::Properties properties_;
};

TEST_F(Gallery, LeavesUnreadableTilesBlank) {
  PrototypeGallery gallery(plan_, classes_, 1);
  gallery.add(plan_.tiles[0], std::vector<float>{3, 3, 3}, 0);
  const Unreadable reader(reader_->properties());
  expect_near(cell(gallery.draw(slide::FrameReader(reader, frame_)), 0, 0), {255, 255, 255});
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
