#include <gtest/gtest.h>

#include <cmath>

#include "slide/position_slide.hpp"
#include "test_data.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::slide {
namespace {

using testing::TemporaryFolder;

/// What a position slide shows over [begin, end) level-0 pixels along one axis, as 2 · the mean place of its pixels' left edges; nothing
/// where the sawtooth jumps within reach of `margin` pixels.
std::optional<double> expected_value(double begin, double end, double margin) {
  const double from = begin - margin, to = end + margin;
  if (std::floor(from / 128) != std::floor(to / 128)) return {};
  return (begin + end - 1) - 256 * std::floor(begin / 128);
}

class FrameReaderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    image::PyramidOptions options;
    options.tile = 128;
    testing::write_slide(*folder_ / "a.tif", testing::position_picture({10007, 2003}), options);
  }
  static void TearDownTestSuite() { delete folder_; }
  void SetUp() override { reader_ = open(*folder_ / "a.tif"); }

  core::Frame frame(double scale, const core::Rect& bounds) const {
    return {.bounds = bounds,
            .scale = scale,
            .size = {std::llround(static_cast<double>(bounds.width) / scale), std::llround(static_cast<double>(bounds.height) / scale)}};
  }

  static TemporaryFolder* folder_;
  std::unique_ptr<Reader> reader_;
};
TemporaryFolder* FrameReaderTest::folder_ = nullptr;

TEST_F(FrameReaderTest, EveryPixelComesFromItsPlaceAtAnyScale) {
  for (const core::Rect& bounds : {core::Rect{0, 0, 10007, 2003}, core::Rect{1001, 303, 8500, 1500}}) {
    for (const double scale : {0.3, 0.77, 1.0, 1.37, 2.0, 2.6, 3.999999, 4.0}) {
      const core::Frame at = frame(scale, bounds);
      const FrameReader frame_reader(*reader_, at);
      for (const double where : {0.0, 0.4, 1.0}) {  // the last one ends at the far corner
        const std::int64_t side = std::min<std::int64_t>(150, at.size.height);
        const core::Rect region{static_cast<std::int64_t>(where * static_cast<double>(at.size.width - side)),
                                static_cast<std::int64_t>(where * static_cast<double>(at.size.height - side)), side, side};
        core::Image pixels(side, side, 3);
        frame_reader.read(region, pixels.view());
        double errors = 0;
        int checked = 0;
        for (std::int64_t i = 0; i < side; ++i) {
          const auto check = [&](double begin, std::int64_t end_of_slide, std::uint8_t value) {
            const double end = begin + scale;
            const auto expected = expected_value(begin, end, 2 * scale + 1);
            if (!expected || end > static_cast<double>(end_of_slide) - 4) return;
            // Half a pixel of the output or of the slide (of values that go up by 2 a pixel), and the rounding of the value.
            EXPECT_NEAR(value, *expected, std::max(1.0, scale) + 0.51) << "scale " << scale << " at " << begin;
            errors += value - *expected;
            ++checked;
          };
          check(at.level0_x_from_output(static_cast<double>(region.x + i)), 10007, pixels.at(i, side / 2)[0]);
          check(at.level0_y_from_output(static_cast<double>(region.y + i)), 2003, pixels.at(side / 2, i)[1]);
        }
        ASSERT_GT(checked, 100) << "scale " << scale;
        EXPECT_LT(std::abs(errors / checked), 1) << "no drift: half a level-0 pixel on average at scale " << scale << ", " << where;
      }
    }
  }
}

TEST_F(FrameReaderTest, TakesTheCoarsestLevelThatIsFineEnough) {
  const core::Rect all{0, 0, 10007, 2003};
  for (const auto& [scale, level] :
       std::vector<std::pair<double, int>>{{0.5, 0}, {1, 0}, {1.99, 0}, {2, 1}, {3.99, 1}, {4 - 1e-7, 2}, {9, 3}, {1e6, 7}}) {
    const FrameReader frame_reader(*reader_, frame(scale, all));
    EXPECT_EQ(frame_reader.level(), std::min<int>(level, static_cast<int>(reader_->properties().levels.size()) - 1)) << scale;
  }
  EXPECT_EQ(FrameReader(*reader_, frame(1, all)).cost({10, 10, 50, 40}), 50 * 40);
  EXPECT_EQ(FrameReader(*reader_, frame(3, all)).cost({0, 0, 20, 20}), 30 * 30);
}

TEST_F(FrameReaderTest, NeighbouringReadsJoinWithoutASeam) {
  const FrameReader frame_reader(*reader_, frame(2.6, {0, 0, 10007, 2003}));
  core::Image whole(300, 60, 3), part(100, 60, 3);
  frame_reader.read({3000, 100, 300, 60}, whole.view());
  double difference = 0;  // not none: OpenSlide starts each read at a whole level-0 pixel
  for (std::int64_t x = 0; x < 300; x += 100) {
    frame_reader.read({3000 + x, 100, 100, 60}, part.view());
    for (std::int64_t y = 0; y < 60; ++y) {
      for (std::int64_t i = 0; i < 300; ++i) difference += std::abs(part.at(0, y)[i] - whole.at(x, y)[i]);
    }
  }
  EXPECT_LT(difference / static_cast<double>(whole.bytes()), 1);
}

TEST_F(FrameReaderTest, BackgroundStandsBeyondTheFrame) {
  const FrameReader frame_reader(*reader_, frame(3, {0, 0, 600, 600}));
  core::Image pixels(100, 100, 3, 7);
  frame_reader.read({150, -20, 100, 100}, pixels.view());
  EXPECT_EQ(pixels.at(10, 10)[0], 255);
  EXPECT_EQ(pixels.at(60, 60)[1], 255);
  EXPECT_NE(pixels.at(10, 60)[1], 255);
  frame_reader.read({5000, 5000, 100, 100}, pixels.view());
  EXPECT_EQ(pixels, core::Image(100, 100, 3, 255));
}

TEST_F(FrameReaderTest, AFrameOfOnePixelAndALevelThatEndsEarlyAreFilled) {
  core::Image pixel(1, 1, 3);
  core::Frame one = frame(10007, {0, 0, 10007, 2003});
  one.size = {1, 1};
  FrameReader(*reader_, one).read({0, 0, 1, 1}, pixel.view());
  EXPECT_NEAR(*pixel.at(0, 0), 127, 12);
  // At the coarsest levels the last output pixel can lie past the last level pixel.
  const core::Frame coarse = frame(100, {0, 0, 10007, 2003});
  core::Image column(1, 20, 3, 1);
  FrameReader(*reader_, coarse).read({coarse.size.width - 1, 0, 1, 20}, column.view());
  EXPECT_GT(column.at(0, 5)[0], 1);
}

TEST_F(FrameReaderTest, ThumbnailHasTheWantedSizeAndShape) {
  const core::Image small = thumbnail(*reader_, 500);
  EXPECT_EQ(small.width(), 500);
  EXPECT_EQ(small.height(), 100);
  const core::Image full = thumbnail(*reader_, 20000);  // 20 megapixels, more than is read at once: the pieces must join
  EXPECT_EQ(full, testing::position_picture({10007, 2003}));
}

}  // namespace
}  // namespace wsi_lpd::slide
