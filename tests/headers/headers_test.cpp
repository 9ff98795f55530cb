#include <gtest/gtest.h>

#include "headers/sizes.hpp"

namespace wsi_lpd::testing {
namespace {

/// A name that means one type or another, depending on what was included before, changes the types that have it as a member.
TEST(Headers, SizesDoNotDependOnTheOrderOfIncludes) {
  const auto forward = sizes_forward(), reverse = sizes_reverse();
  EXPECT_EQ(forward.size(), reverse.size());
  EXPECT_GT(forward.size(), 100U) << "types that were found in the headers";
  EXPECT_TRUE(forward.contains("wsi_lpd::pipeline::segment::Segmenter::Shape")) << "nested ones among them";
  for (const auto& [type, size] : forward) EXPECT_EQ(size, reverse.at(type)) << type;
}

}  // namespace
}  // namespace wsi_lpd::testing
