#include "slide_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "pipeline/identity_segmenter.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file_identity.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryFolder;
using testing::write_slide;

constexpr core::Size kSize{1600, 1200};
constexpr core::Colour kStain{190, 110, 170};

/// Tissue on the left half, glass on the right.
core::Colour half(std::int64_t x, std::int64_t) { return x < kSize.width / 2 ? kStain : core::Colour{244, 243, 245}; }

class SlidePlans : public ::testing::Test {
 protected:
  SlidePlans() { write_slide(path_, kSize, 0.5, half); }
  OpenedSlide open(double model_mpp = 0.5) const { return open_slide({path_, folder_ / "result", {}}, model_mpp, false); }
  std::string error(const std::string& name, double model_mpp = 0.5) const {
    try {
      open_slide({folder_ / name, folder_ / "result", {}}, model_mpp, false);
    } catch (const core::Error& error) {
      return error.what();
    }
    return {};
  }
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "slide.tif";
};

TEST_F(SlidePlans, OpensASlideAtTheModelsResolution) {
  const OpenedSlide slide = open(1.0);
  EXPECT_EQ(slide.frame.size, (core::Size{800, 600}));
  EXPECT_EQ(slide.fingerprint, core::FileIdentity(path_).fingerprint());
  EXPECT_THAT(slide.warnings, IsEmpty());
  core::Image pixel(1, 1, 3);
  slide.tiles.read({100, 100, 1, 1}, pixel.view());
  EXPECT_NEAR(pixel.data()[0], kStain.red, 3);
  EXPECT_THAT(open(0).warnings, ElementsAre(HasSubstr("the model does not know its resolution")));
}

TEST_F(SlidePlans, SaysOnceWhyAFileIsNoSlide) {
  EXPECT_EQ(error("absent.svs"), (folder_ / "absent.svs").string() + ": No such file or directory");
  std::ofstream(folder_ / "empty.svs").close();
  EXPECT_EQ(error("empty.svs"), (folder_ / "empty.svs").string() + ": is empty");
  std::filesystem::create_symlink("gone.svs", folder_ / "link.svs");
  EXPECT_EQ(error("link.svs"), (folder_ / "link.svs").string() + ": is a link to gone.svs, which is not there");
  write_slide(folder_ / "unknown.tif", kSize, 0, half);
  EXPECT_THAT(error("unknown.tif"), HasSubstr("does not say its resolution, and the model works at 0.5 um/px"));
}

TEST_F(SlidePlans, PlansTilesWhereThereIsTissue) {
  const OpenedSlide slide = open();
  const SlidePlan found = plan_slide(slide, {.tile = 128, .overlap = 0});
  EXPECT_TRUE(found.glass);
  EXPECT_EQ(found.parts.width(), found.thumbnail.width());
  EXPECT_EQ(*found.parts.at(found.parts.width() / 4, 10), static_cast<std::uint8_t>(core::Part::Tissue));
  EXPECT_EQ(*found.parts.at(found.parts.width() * 3 / 4, 10), static_cast<std::uint8_t>(core::Part::Glass));
  EXPECT_FALSE(found.tiles.tiles.empty());
  for (const core::Tile& tile : found.tiles.tiles) EXPECT_LT(tile.x, kSize.width / 2 + 128);
  EXPECT_GT(found.tiles.skipped(), 0);
  EXPECT_THAT(found.warnings, IsEmpty());

  const SlidePlan all = plan_slide(slide, {.tile = 128, .overlap = 0, .tissue = "none"});
  EXPECT_FALSE(all.glass) << "what the user says is taken as it is";
  EXPECT_EQ(all.tiles.skipped(), 0);
}

TEST_F(SlidePlans, SaysThatThereIsNoTissue) {
  write_slide(path_, kSize, 0.5, [](auto, auto) { return core::Colour{244, 243, 245}; });
  const SlidePlan plan = plan_slide(open(), {});
  EXPECT_TRUE(plan.tiles.tiles.empty());
  EXPECT_THAT(plan.warnings, Contains(HasSubstr("no tissue was found")));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
