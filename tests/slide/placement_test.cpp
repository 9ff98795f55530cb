// Every output pixel shows its own place of the slide, at any ratio of resolutions, size and offset, to the far end of a wide slide.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "slide/position_reader.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"

namespace wsi_lpd::slide {
namespace {

using testing::PositionReader;

/// Placement errors in output pixels.
struct Errors {
  double largest = 0, sum = 0;
  int count = 0, wrong_blocks = 0;
  double mean() const { return sum / count; }
};

Errors placement(const PositionReader& reader, const core::Frame& frame, const core::Rect& region) {
  core::Image pixels(region.width, region.height, 3);
  FrameReader(reader, frame).read(region, pixels.view());
  Errors errors;
  for (std::int64_t y = 0; y < region.height; ++y) {
    const double top = frame.level0_y_from_output(static_cast<double>(region.y + y));
    const auto green = PositionReader::mean(top, top + frame.scale);
    if (!green || top + frame.scale > static_cast<double>(frame.bounds.bottom()) - 4) continue;
    for (std::int64_t x = 0; x < region.width; ++x) {
      const double left = frame.level0_x_from_output(static_cast<double>(region.x + x));
      const auto red = PositionReader::mean(left, left + frame.scale);
      if (!red || left + frame.scale > static_cast<double>(frame.bounds.right()) - 4) continue;
      const std::uint8_t* pixel = pixels.at(x, y);
      errors.wrong_blocks += pixel[2] != PositionReader::block(static_cast<std::int64_t>(left), static_cast<std::int64_t>(top));
      for (const double difference : {pixel[0] - *red, pixel[1] - *green}) {
        const double error = difference / PositionReader::kStep / frame.scale;
        errors.largest = std::max(errors.largest, std::abs(error));
        errors.sum += error;
        ++errors.count;
      }
    }
  }
  return errors;
}

/// Near, in the middle and at the far corner: the same error, none.
void expect_in_place(const PositionReader& reader, const core::Frame& frame) {
  const std::int64_t width = std::min<std::int64_t>(120, frame.size.width), height = std::min<std::int64_t>(90, frame.size.height);
  for (const double where : {0.0, 0.37, 1.0}) {
    const auto at = [&](std::int64_t range) { return std::llround(where * static_cast<double>(range)); };
    const Errors errors = placement(reader, frame, {at(frame.size.width - width), at(frame.size.height - height), width, height});
    SCOPED_TRACE(::testing::Message() << "scale " << frame.scale << ", bounds at " << frame.bounds.x << " " << frame.bounds.y << ", "
                                      << where << " of the way");
    ASSERT_GT(errors.count, 500);
    EXPECT_LE(errors.largest, 0.5);
    EXPECT_LE(std::abs(errors.mean()), 0.05);
    EXPECT_EQ(errors.wrong_blocks, 0);
  }
}

TEST(Placement, IsWithinHalfAPixelAtAnyRatioSizeAndOffset) {
  std::mt19937 random(5);
  const auto among = [&](std::int64_t least, std::int64_t most) { return std::uniform_int_distribution(least, most)(random); };
  for (int i = 0; i < 60; ++i) {
    const double ratio = 0.3 * std::pow(4 / 0.3, std::uniform_real_distribution(0.0, 1.0)(random));
    const core::Rect bounds{among(0, 3001), among(0, 3001), among(900, 40003), among(700, 20001)};
    const PositionReader reader({bounds.right() + among(0, 301), bounds.bottom() + among(0, 301)}, bounds, {1, 2, 4}, i % 2 == 0);
    const double slide_mpp = std::uniform_real_distribution(0.1, 1.0)(random);
    const core::Frame frame = core::make_frame(bounds, slide_mpp, slide_mpp * ratio);
    EXPECT_NEAR(static_cast<double>(frame.size.width) * ratio, static_cast<double>(bounds.width), ratio / 2 + 1e-6);
    EXPECT_NEAR(static_cast<double>(frame.size.height) * ratio, static_cast<double>(bounds.height), ratio / 2 + 1e-6);
    expect_in_place(reader, frame);
  }
}

TEST(Placement, DoesNotDriftAlongAWideSlide) {
  const core::Rect bounds{1001, 303, 1'500'007, 2003};
  const PositionReader reader({bounds.right() + 3, bounds.bottom() + 1}, bounds, {1, 2, 4}, false);
  for (const double ratio : {0.3, 0.7321, 1.0, 1.9999, 2.0, 3.1415926, 4.0})
    expect_in_place(reader, core::make_frame(bounds, 0.2501, 0.2501 * ratio));
}

}  // namespace
}  // namespace wsi_lpd::slide
