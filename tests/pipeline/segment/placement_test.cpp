// Whole runs over slides whose resolution, size and bounds are odd: every label stands where its paint is on the slide.
#include <cmath>
#include <random>
#include <set>

#include "image/test_tiff.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/slide/open.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using testing::IdentitySegmenter;
using testing::kPaint;
using testing::TemporaryFolder;

constexpr double kSlideMpp = 0.5;

/// Class of the paint at (x, y) of the bounds, level-0 pixels: a board of fields of `side` pixels.
std::size_t class_at(double x, double y, std::int64_t side) {
  const auto column = static_cast<std::uint64_t>(x) / static_cast<std::uint64_t>(side);
  const auto row = static_cast<std::uint64_t>(y) / static_cast<std::uint64_t>(side);
  return static_cast<std::size_t>((column * column * 7 + column / 3 + row * 5 + row * row) % kPaint.size());
}

/// What a Leica scanner says of a slide of which it scanned `bounds` only; OpenSlide's level 0 is the whole.
std::string leica_xml(core::Size whole, const core::Rect& bounds) {
  const auto nm = [](std::int64_t pixels) {
    return '"' + std::to_string(std::llround(static_cast<double>(pixels) * kSlideMpp * 1000)) + '"';
  };
  const std::string size = " sizeX=\"" + std::to_string(bounds.width) + "\" sizeY=\"" + std::to_string(bounds.height) + "\"";
  return R"(<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01"><collection name="c" uuid="u" sizeX=)" +
         nm(whole.width) + " sizeY=" + nm(whole.height) +
         R"(><image name="i" uuid="v"><creationDate>2020-01-01T00:00:00Z</creationDate><device model="m" version="1"/><pixels)" + size +
         "><dimension" + size + R"( r="0" ifd="0"/></pixels><view sizeX=)" + nm(bounds.width) + " sizeY=" + nm(bounds.height) +
         " offsetX=" + nm(bounds.x) + " offsetY=" + nm(bounds.y) +
         "/><scanSettings><objectiveSettings><objective>20</objective></objectiveSettings><illuminationSettings>"
         "<numericalAperture>0.5</numericalAperture><illuminationSource>brightfield</illuminationSource></illuminationSettings>"
         "</scanSettings></image></collection></scn>";
}

/// Segments a painted slide at `ratio` and counts labels that do not occur within half an output pixel of their pixel's centre.
void expect_in_place(core::Size whole, const core::Rect& bounds, double ratio, std::int64_t side) {
  SCOPED_TRACE(::testing::Message() << "ratio " << ratio << ", bounds " << bounds.x << ' ' << bounds.y << ' ' << bounds.width << ' '
                                    << bounds.height << ", fields of " << side);
  const TemporaryFolder folder;
  testing::TestPage page{.size = {bounds.width, bounds.height}, .bytes = {}};
  for (std::int64_t y = 0; y < bounds.height; ++y) {
    for (std::int64_t x = 0; x < bounds.width; ++x) {
      const core::Colour& paint = kPaint[class_at(static_cast<double>(x), static_cast<double>(y), side)];
      page.bytes.insert(page.bytes.end(), {paint.red, paint.green, paint.blue});
    }
  }
  page.tile = 32;
  page.mpp_x = page.mpp_y = kSlideMpp;
  const bool offset = whole != core::Size{bounds.width, bounds.height};
  if (offset) page.description = leica_xml(whole, bounds);
  testing::write_tiff(folder / "slide.tif", {page});
  const auto reader = slide::open(folder / "slide.tif");
  ASSERT_EQ(reader->properties().vendor, offset ? "leica" : "generic-tiff");
  ASSERT_EQ(reader->properties().bounds, bounds);

  IdentitySegmenter network(1, kSlideMpp * ratio, false);
  core::SilentObserver observer;
  const auto frame = segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tile = 96, .tissue = "none"},
                                   {"model", "0123", "4567"}, {observer, kNever})
                         .frame;
  EXPECT_EQ(frame.bounds, bounds);
  EXPECT_NEAR(frame.scale, ratio, 1e-4);
  const core::Image labels = image::read_labels(folder / "result.tif");
  ASSERT_EQ((core::Size{labels.width(), labels.height()}), frame.size);
  std::int64_t wrong = 0, inner = 0;
  for (std::int64_t y = 0; y < frame.size.height; ++y) {
    for (std::int64_t x = 0; x < frame.size.width; ++x) {
      std::set<std::size_t> near;
      for (const double down : {0.0, 1.0}) {
        for (const double across : {0.0, 1.0}) {
          near.insert(class_at(std::min((static_cast<double>(x) + across) * ratio, static_cast<double>(bounds.width - 1)),
                               std::min((static_cast<double>(y) + down) * ratio, static_cast<double>(bounds.height - 1)), side));
        }
      }
      inner += near.size() == 1;
      wrong += !near.contains(*labels.at(x, y) - 1U);
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(inner, frame.size.area() / 2);
}

TEST(SegmentPlacement, IsWithinHalfAPixelAtAnyRatioSizeAndOffset) {
  std::mt19937 random(11);
  const auto among = [&](std::int64_t least, std::int64_t most) { return std::uniform_int_distribution(least, most)(random); };
  for (int i = 0; i < 12; ++i) {
    const double ratio = 0.3 * std::pow(4 / 0.3, std::uniform_real_distribution(0.0, 1.0)(random));
    const auto level0 = [&](std::int64_t output) { return std::llround(static_cast<double>(output) * ratio) | 1; };
    const core::Rect bounds{among(0, 3001), among(0, 3001), level0(among(120, 320)), level0(among(110, 250))};
    const core::Size whole{bounds.right() + among(1, 999), bounds.bottom() + among(1, 999)};
    const std::int64_t side = level0(among(9, 17));
    if (i % 2 == 0) {
      expect_in_place(whole, bounds, ratio, side);
    } else {
      expect_in_place({bounds.width, bounds.height}, {0, 0, bounds.width, bounds.height}, ratio, side);
    }
  }
}

TEST(SegmentPlacement, DoesNotDriftAlongAWideSlide) {
  for (const double ratio : {1.37, 3.3333}) expect_in_place({100'003, 41}, {0, 0, 100'003, 41}, ratio, 37);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
