#include "wsi_lpd/core/stain_fit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "stained_picture.hpp"

namespace wsi_lpd::core {
namespace {

TEST(StainVector, IsReinhardsMeanAndDeviationOfEveryFourthPixel) {
  const Image picture = testing::stained_picture(224, 224, testing::kHere);
  const auto found = stain_vector(picture.view());
  ASSERT_TRUE(found);
  const ReinhardStain expected = *testing::stain_of_picture(picture, 4).reinhard;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(found->at(i), expected.mean[i]);
    EXPECT_EQ(found->at(3 + i), expected.deviation[i]);
  }
}

TEST(StainVector, NeedsATenthOfTissue) {
  Image picture(224, 224, 3, 245);
  EXPECT_FALSE(stain_vector(picture.view()));
  const Image tissue = testing::stained_picture(224, 224, testing::kHere);
  const auto cover = [&](std::int64_t rows) { std::copy_n(tissue.at(0, 0), rows * 224 * 3, picture.at(0, 0)); };
  cover(20);  // 5 of the 56 rows that are looked at
  EXPECT_FALSE(stain_vector(picture.view()));
  cover(24);
  EXPECT_TRUE(stain_vector(picture.view()));
}

TEST(StainVector, OneColourHasOne) {
  Image picture(32, 32, 3, 120);
  const auto found = stain_vector(picture.view());
  ASSERT_TRUE(found);
  for (std::size_t i = 3; i < 6; ++i) EXPECT_NEAR(found->at(i), 0, 1e-6);
}

TEST(StainFit, DistanceIsTheQuadraticForm) {
  StainFit fit;
  fit.mean = {1, 2, 3, 4, 5, 6};
  fit.form[0][0] = 4;
  fit.form[1][1] = 9;
  fit.form[0][1] = fit.form[1][0] = 2;
  EXPECT_EQ(fit.distance(fit.mean), 0);
  EXPECT_DOUBLE_EQ(fit.distance({2, 2, 3, 4, 5, 6}), 2);
  EXPECT_DOUBLE_EQ(fit.distance({2, 1, 3, 4, 5, 6}), std::sqrt(4.0 + 9 - 4));
  EXPECT_DOUBLE_EQ(fit.distance({1, 2, 9, 9, 9, 9}), 0) << "axes without weight";
}

}  // namespace
}  // namespace wsi_lpd::core
