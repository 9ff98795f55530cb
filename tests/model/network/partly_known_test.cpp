#include "partly_known.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

/// An image of 4 × 4 pixels, of which a map of 2 × 2 cells has the features (1, 10), (2, 20), (3, 30), (4, 40).
PatchBatch image_with(std::vector<std::uint8_t> pixels, std::vector<float> presence) {
  return {.count = 1, .size = 4, .rgb = {}, .labels = {}, .pixels = std::move(pixels), .presence = std::move(presence)};
}
Tensor cells() { return torch::tensor({1.0F, 2.0F, 3.0F, 4.0F, 10.0F, 20.0F, 30.0F, 40.0F}).view({1, 2, 2, 2}); }

constexpr std::uint8_t kNo = kUnknownPixel;

TEST(PartlyKnown, TakesTheMeanOverTheCellsOfEachClass) {
  PartlyKnown known(3);
  known.add(cells(),
            image_with({0, 0, kNo, 2,      //
                        kNo, 1, kNo, kNo,  // the first cell is of class 0 by two pixels to one, the second of class 2 by its only one
                        0, 0, kNo, kNo,    //
                        0, 0, kNo, kNo},
                       {1, NAN, 1}),
            {"patient"});
  const ExtraFeatures extra = std::move(known).features();
  ASSERT_EQ(extra.features.size(0), 3);
  EXPECT_TRUE(torch::equal(extra.features, torch::tensor({{2.5F, 25.0F}, {2.0F, 20.0F}, {2.0F, 20.0F}})))
      << "the image; class 0, the mean of the first and the third cell; class 2, the second cell\n"
      << extra.features;
  EXPECT_TRUE(torch::allclose(extra.labels, torch::tensor({{1.0F, NAN, 1.0F}, {1.0F, 0.0F, 0.0F}, {0.0F, 0.0F, 1.0F}}), 0, 0, true));
  EXPECT_EQ(extra.groups, (std::vector<std::string>{"patient", "patient", "patient"}));
}

TEST(PartlyKnown, TakesCellsOfTheBackgroundForNoClass) {
  PartlyKnown known(2);
  known.add(cells(),
            image_with({2, 2, 0, 0,      //
                        2, 2, 2, kNo,    // the first cell is of the background, the second of class 0 by two pixels to one
                        kNo, kNo, 2, 2,  //
                        kNo, kNo, 2, 2},
                       {NAN, NAN}),
            {"patient"});
  const ExtraFeatures extra = std::move(known).features();
  EXPECT_TRUE(torch::equal(extra.features, torch::tensor({{2.0F, 20.0F}, {2.5F, 25.0F}}))) << extra.features;
  EXPECT_TRUE(torch::equal(extra.labels, torch::tensor({{1.0F, 0.0F}, {0.0F, 0.0F}}))) << extra.labels;
}

TEST(PartlyKnown, KnowsOfAVectorOnlyWhatTheImageShows) {
  PartlyKnown known(2);
  const std::vector<std::uint8_t> pixels(16, 1);
  known.add(torch::tensor({5.0F, 6.0F}).view({1, 2, 1, 1}), image_with(pixels, {NAN, 1}), {"a"});
  known.add(torch::tensor({7.0F, 8.0F}).view({1, 2, 1, 1}), image_with(pixels, {NAN, NAN}), {"b"});
  const ExtraFeatures extra = std::move(known).features();
  EXPECT_TRUE(torch::equal(extra.features, torch::tensor({{5.0F, 6.0F}})));
  EXPECT_FALSE(PartlyKnown(2).features().features.defined());
}

}  // namespace
}  // namespace wsi_lpd::model::network
