#include "wsi_lpd/output/disagreement.hpp"

#include <gtest/gtest.h>

#include <set>

namespace wsi_lpd::output {
namespace {

using Pixel = std::array<std::uint8_t, 3>;
Pixel pixel(const core::Image& picture, std::int64_t x, std::int64_t y) {
  const std::uint8_t* p = picture.at(x, y);
  return {p[0], p[1], p[2]};
}

/// Truth and result in stripes, so that every pair of values has its own: 4 pixels wide, by truth and then by result.
struct Stripes {
  core::Image truth, result;
  raster::ConfusionMatrix matrix{0};
};
Stripes stripes(int classes) {
  const std::int64_t pairs = (classes + 1) * (classes + 1);
  Stripes made{core::Image(4 * pairs + 8, 200, 1, 255), core::Image(4 * pairs + 8, 200, 1), raster::ConfusionMatrix(classes)};
  for (std::int64_t y = 0; y < 200; ++y) {
    for (std::int64_t x = 0; x < 4 * pairs; ++x) {
      *made.truth.at(x, y) = static_cast<std::uint8_t>(x / 4 / (classes + 1));
      *made.result.at(x, y) = static_cast<std::uint8_t>(x / 4 % (classes + 1));
    }
  }
  made.matrix.add({made.truth.data(), made.truth.bytes()}, {made.result.data(), made.result.bytes()});
  return made;
}

TEST(Disagreement, AgreementIsPaleAndEveryFrequentDisagreementHasItsColour) {
  for (const int classes : {1, 2, 4}) {
    const Stripes made = stripes(classes);
    const core::Image picture = draw_disagreement(made.truth, made.result, made.matrix, core::default_class_scheme(classes), 0);
    EXPECT_GE(picture.width(), made.truth.width());
    EXPECT_GT(picture.height(), made.truth.height()) << "a legend below";
    std::set<Pixel> wrong;
    for (std::int64_t pair = 0; pair < (classes + 1) * (classes + 1); ++pair) {
      const Pixel colour = pixel(picture, 4 * pair + 2, 100);
      const int darkest = *std::min_element(colour.begin(), colour.end()), brightest = *std::max_element(colour.begin(), colour.end());
      if (pair / (classes + 1) == pair % (classes + 1)) {
        EXPECT_GE(darkest, 180) << "pale";
      } else {
        EXPECT_TRUE(darkest <= 90 || brightest - darkest > 80) << "strong";
        wrong.insert(colour);
      }
    }
    const int kinds = classes * (classes + 1);
    EXPECT_EQ(wrong.size(), static_cast<std::size_t>(std::min(kinds, 8))) << "seven kinds, and the others";
    EXPECT_EQ(pixel(picture, made.truth.width() - 2, 100), (Pixel{200, 200, 200})) << "left out";
  }
}

TEST(Disagreement, StandsNamesThatWantToBeMarkup) {
  Stripes made = stripes(2);
  core::ClassScheme classes = core::default_class_scheme(2);
  classes.names = {"<b>&\"no'</b>", "肿瘤/基质"};
  const core::Image picture = draw_disagreement(made.truth, made.result, made.matrix, classes, 2);
  EXPECT_GT(picture.height(), 200);
  EXPECT_EQ(draw_disagreement(core::Image(), core::Image(), raster::ConfusionMatrix(2), classes, 0).channels(), 3) << "nothing to compare";
}

}  // namespace
}  // namespace wsi_lpd::output
