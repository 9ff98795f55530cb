#include "wsi_lpd/slide/resolution.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wsi_lpd::slide {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> warnings(double slide_mpp, double wanted_mpp, bool force = false) {
  Properties properties;
  properties.mpp = slide_mpp;
  properties.mpp_source = "tiff tags";
  return check_resolution(properties, core::make_frame({0, 0, 1000, 1000}, slide_mpp, wanted_mpp), force);
}

TEST(Enlargement, WarnsBeyondTwoTimes) {
  EXPECT_THAT(warnings(0.25, 0.5), IsEmpty());
  EXPECT_THAT(warnings(1.0, 0.5), IsEmpty()) << "10x for a 20x model";
  EXPECT_THAT(
      warnings(1.01, 0.5),
      ElementsAre("the slide has 1.01 um/px (tiff tags) and is enlarged 2.02 times to the 0.5 um/px that are wanted: if that is not "
                  "the scan's resolution, give --mpp"));
  EXPECT_EQ(warnings(2.0, 0.5).size(), 1U);
}

TEST(Enlargement, RefusesBeyondFourTimesUnlessForced) {
  try {
    warnings(5, 0.5);
    ADD_FAILURE();
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("5 um/px (tiff tags)"));
    EXPECT_THAT(error.what(), HasSubstr("enlarged 10 times"));
    EXPECT_THAT(error.what(), HasSubstr("--mpp, or --force-mpp"));
  }
  EXPECT_THAT(warnings(5, 0.5, true), ElementsAre(HasSubstr("enlarged 10 times")));
}

TEST(Enlargement, UnknownResolutionsAreNotEnlarged) {
  EXPECT_EQ(core::make_frame({0, 0, 10, 10}, 0, 0.5).enlargement(), 1);
  EXPECT_EQ(core::make_frame({0, 0, 10, 10}, 0.25, 0.5).enlargement(), 0.5);
}

TEST(Resolution, WarnsWhereAnotherOneIsGiven) {
  Properties properties;
  properties.mpp = 0.25;
  properties.mpp_source = "given";
  const auto check = [&] { return check_resolution(properties, core::make_frame({0, 0, 1000, 1000}, 0.25, 0.5), false); };
  EXPECT_THAT(check(), IsEmpty());
  properties.own_mpp = 0.27;
  EXPECT_THAT(check(), IsEmpty());
  properties.own_mpp = 0.5;
  EXPECT_THAT(check(), ElementsAre("the given 0.25 um/px overrule the 0.5 that the slide says: areas come out 0.25 times as large"));
}

}  // namespace
}  // namespace wsi_lpd::slide
