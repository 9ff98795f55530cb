#include "wsi_lpd/slide/enlargement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wsi_lpd::slide {
namespace {

using ::testing::HasSubstr;

std::string check(double slide_mpp, double wanted_mpp, bool force = false) {
  Properties properties;
  properties.mpp = slide_mpp;
  properties.mpp_source = "tiff tags";
  return check_enlargement(properties, make_frame({0, 0, 1000, 1000}, slide_mpp, wanted_mpp), force);
}

TEST(Enlargement, WarnsBeyondTwoTimes) {
  EXPECT_EQ(check(0.25, 0.5), "");
  EXPECT_EQ(check(1.0, 0.5), "") << "10x for a 20x model";
  EXPECT_EQ(check(1.01, 0.5),
            "the slide has 1.01 um/px (tiff tags) and is enlarged 2.02 times to the 0.5 um/px that are wanted: if that is not the scan's "
            "resolution, give --mpp");
  EXPECT_NE(check(2.0, 0.5), "");
}

TEST(Enlargement, RefusesBeyondFourTimesUnlessForced) {
  try {
    check(5, 0.5);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("5 um/px (tiff tags)"));
    EXPECT_THAT(error.what(), HasSubstr("enlarged 10 times"));
    EXPECT_THAT(error.what(), HasSubstr("--mpp, or --force-mpp"));
  }
  EXPECT_THAT(check(5, 0.5, true), HasSubstr("enlarged 10 times"));
}

TEST(Enlargement, UnknownResolutionsAreNotEnlarged) {
  EXPECT_EQ(make_frame({0, 0, 10, 10}, 0, 0.5).enlargement(), 1);
  EXPECT_EQ(make_frame({0, 0, 10, 10}, 0.25, 0.5).enlargement(), 0.5);
}

}  // namespace
}  // namespace wsi_lpd::slide
