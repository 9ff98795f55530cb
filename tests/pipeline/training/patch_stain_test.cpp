#include "wsi_lpd/pipeline/training/patch_stain.hpp"

#include <gtest/gtest.h>

#include "pipeline/heard_lines.hpp"
#include "pipeline/run.hpp"
#include "stained_picture.hpp"
#include "test_data.hpp"
#include "wsi_lpd/image/image_file.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

using testing::degrees_between;
using testing::kElsewhere;
using testing::stain_of_picture;
using testing::stained_picture;
using testing::TemporaryFolder;

TEST(PatchStain, IsThatOfTheImages) {
  const TemporaryFolder folder;
  std::vector<Patch> patches;
  for (unsigned i = 0; i < 12; ++i) {
    patches.push_back({folder / (std::to_string(i) + ".png"), {}, {1, 0}});
    image::write_png(patches.back().image, stained_picture(96, 96, kElsewhere, i + 1));
  }
  core::SilentObserver observer;
  const PatchSet set(patches, {.classes = 2}, {observer, kNever});
  const core::StainStatistics found = stain_of(set, {observer, kNever}), expected = stain_of_picture(stained_picture(300, 300, kElsewhere));
  ASSERT_TRUE(found.macenko && found.reinhard);
  for (std::size_t s = 0; s < 2; ++s) EXPECT_LT(degrees_between(found.macenko->vectors[s], expected.macenko->vectors[s]), 0.5);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(found.reinhard->mean[i], expected.reinhard->mean[i], 0.005);
  EXPECT_EQ(stain_of(set, {observer, kNever}), found) << "it is deterministic";
}

TEST(PatchStain, TellsOwnFromOtherStains) {
  const TemporaryFolder folder;
  std::vector<Patch> patches;
  for (unsigned i = 0; i < 60; ++i) {
    testing::Laboratory laboratory = kElsewhere;  // as strong as the day wants it
    laboratory.strength[0] *= 0.8 + 0.02 * (i * 7 % 20);
    laboratory.strength[1] *= 0.8 + 0.02 * (i * 3 % 20);
    patches.push_back({folder / (std::to_string(i) + ".png"), {}, {1, 0}, "patient " + std::to_string(i / 2)});
    image::write_png(patches.back().image, stained_picture(96, 96, laboratory, i + 1));
  }
  image::write_png(folder / "glass.png", core::Image(96, 96, 3, 246));
  patches.push_back({folder / "glass.png", {}, {1, 0}});
  core::SilentObserver observer;
  const auto fit = stain_fit_of(PatchSet(patches, {.classes = 2}, {observer, kNever}), {observer, kNever});
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->images, 60) << "glass has no stain";
  EXPECT_LT(fit->distance(*core::stain_vector(stained_picture(96, 96, kElsewhere, 99).view())), 1);
  EXPECT_GT(fit->distance(*core::stain_vector(stained_picture(96, 96, testing::kHere, 99).view())), 2);

  testing::HeardLines heard;
  const PatchSet few({patches.begin(), patches.begin() + 20}, {.classes = 2}, {observer, kNever});
  EXPECT_FALSE(stain_fit_of(few, {heard, kNever}));
  ASSERT_EQ(heard.infos.size(), 1U);
  EXPECT_NE(heard.infos[0].find("20 images show tissue"), std::string::npos);
}

TEST(PatchStain, IsLeftOutWhereThereIsNone) {
  struct Listener : core::SilentObserver {
    std::vector<std::string> warnings;
    void warn(const std::string& line) override { warnings.push_back(line); }
  } observer;
  const TemporaryFolder folder;
  image::write_png(folder / "grey.png", core::Image(96, 96, 3, 120));
  const PatchSet set({{folder / "grey.png", {}, {1}}}, {.classes = 1}, {observer, kNever});
  EXPECT_EQ(stain_of(set, {observer, kNever}), core::StainStatistics{});
  EXPECT_EQ(observer.warnings.size(), 2U);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
