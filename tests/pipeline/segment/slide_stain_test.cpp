#include "wsi_lpd/pipeline/segment/slide_stain.hpp"

#include <nlohmann/json.hpp>

#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "stained_picture.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using ::testing::Contains;
using testing::degrees_between;
using ::testing::HasSubstr;
using testing::kElsewhere;
using testing::kHere;
using testing::stain_of_picture;
using testing::stained_picture;
using testing::TemporaryFolder;

/// Keeps a sample of the pixels that reach the network.
class Witness : public testing::IdentitySegmenter {
 public:
  explicit Witness(const core::StainStatistics& stain) : IdentitySegmenter(8, 0.5, false), stained_shape_(IdentitySegmenter::shape()) {
    stained_shape_.stain = stain;
  }
  const Shape& shape() const override { return stained_shape_; }
  std::unique_ptr<Pending> submit(std::unique_ptr<TileBuffer> tiles, int count, int tile, std::span<const std::uint8_t> scored) override {
    const std::int64_t side = tile;
    seen.add(core::ImageView<const std::uint8_t>{tiles->data(), side, side * count, 3, side * 3}, 3);
    return IdentitySegmenter::submit(std::move(tiles), count, tile, scored);
  }
  core::StainSample seen;

 private:
  Shape stained_shape_;
};

/// Tissue stained elsewhere, in the middle of glass.
void write_stained_slide(const std::filesystem::path& path) {
  const core::Image tissue = stained_picture(900, 600, kElsewhere);
  testing::write_slide(path, {1300, 1000}, 0.5, [&](std::int64_t x, std::int64_t y) {
    if (x < 200 || y < 200 || x >= 1100 || y >= 800) return core::Colour{246, 245, 247};
    const std::uint8_t* pixel = tissue.at(x - 200, y - 200);
    return core::Colour{pixel[0], pixel[1], pixel[2]};
  });
}

TEST(SlideStain, TheNetworkSeesTheStainOfItsTraining) {
  const TemporaryFolder folder;
  write_stained_slide(folder / "slide.tif");
  const core::StainStatistics here = stain_of_picture(stained_picture(300, 300, kHere)),
                              elsewhere = stain_of_picture(stained_picture(300, 300, kElsewhere));
  core::SilentObserver observer;
  const auto segment = [&](core::StainMethod method, Witness& network, int threads) {
    return segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.stain = method, .threads = threads}, kIdentity,
                         {observer, kNever});
  };
  for (const int threads : {1, 4}) {
    Witness untouched(here), macenko(here), reinhard(here);
    EXPECT_EQ(segment(core::StainMethod::None, untouched, threads).stain.slide, core::StainStatistics{});
    EXPECT_EQ(nlohmann::json::parse(core::read_text_file(folder / "result.json"))["stain_normalisation"]["applied"], false);
    const output::StainRecord record = segment(core::StainMethod::Macenko, macenko, threads).stain;
    const auto json = nlohmann::json::parse(core::read_text_file(folder / "result.json"))["stain_normalisation"];
    EXPECT_EQ(json["applied"], true);
    EXPECT_EQ(json["method"], "macenko");
    EXPECT_EQ(json["target"]["eosin"], here.macenko->vectors[1]);
    segment(core::StainMethod::Reinhard, reinhard, threads);

    const core::MacenkoStain as_is = *untouched.seen.statistics(core::StainMethod::Macenko).macenko,
                             changed = *macenko.seen.statistics(core::StainMethod::Macenko).macenko;
    for (std::size_t s = 0; s < 2; ++s) {
      EXPECT_LT(degrees_between(record.slide.macenko->vectors[s], elsewhere.macenko->vectors[s]), 1);
      EXPECT_LT(degrees_between(as_is.vectors[s], elsewhere.macenko->vectors[s]), 1);
      EXPECT_LT(degrees_between(changed.vectors[s], here.macenko->vectors[s]), 1);
      EXPECT_NEAR(changed.concentrations[s] / here.macenko->concentrations[s], 1, 0.05);
    }
    const core::ReinhardStain moved = *reinhard.seen.statistics(core::StainMethod::Reinhard).reinhard;
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(moved.mean[i], here.reinhard->mean[i], 0.01);
      EXPECT_NEAR(moved.deviation[i], here.reinhard->deviation[i], 0.01);
    }
  }
}

TEST(SlideStain, StaysWhereItCanNotBeMeasured) {
  const TemporaryFolder folder;
  testing::write_slide(folder / "slide.tif", {600, 500}, 0.5, [](auto, auto) { return testing::kPaint[1]; });
  core::SilentObserver observer;
  Witness network(stain_of_picture(stained_picture(300, 300, kHere)));
  segment_slide({folder / "slide.tif", folder / "plain", {}}, network, {.tissue = "none"}, kIdentity, {observer, kNever});
  for (const core::StainMethod method : {core::StainMethod::Macenko, core::StainMethod::Reinhard}) {
    const auto statistics = segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.stain = method, .tissue = "none"},
                                          kIdentity, {observer, kNever});
    EXPECT_THAT(statistics.warnings, Contains(HasSubstr("the slide's stain stays as it is: its pixels show one")));
    EXPECT_TRUE(core::read_text_file(folder / "result.tif") == core::read_text_file(folder / "plain.tif"));
    const auto json = nlohmann::json::parse(core::read_text_file(folder / "result.json"))["stain_normalisation"];
    EXPECT_EQ(json["applied"], false);
    EXPECT_TRUE(json["slide"].is_null());
    EXPECT_THAT(json["problem"].get<std::string>(), HasSubstr("one"));
  }
  testing::write_slide(folder / "glass.tif", {600, 500}, 0.5, [](auto, auto) { return core::Colour{245, 244, 246}; });
  const auto glass = segment_slide({folder / "glass.tif", folder / "glass", {}}, network, {.stain = core::StainMethod::Macenko}, kIdentity,
                                   {observer, kNever});
  EXPECT_THAT(glass.stain.problem, HasSubstr("too little tissue"));
}

TEST(SlideStain, NeedsAModelThatKnowsItsTrainingImages) {
  core::SilentObserver observer;
  Witness network(core::StainStatistics{});
  try {
    segment_slide({"slide", "result", {}}, network, {.stain = core::StainMethod::Macenko}, kIdentity, {observer, kNever});
    FAIL();
  } catch (const core::UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("model: "));
    EXPECT_THAT(error.what(), HasSubstr("calibrate"));
  }
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
