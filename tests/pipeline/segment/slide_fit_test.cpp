// How far a slide lies from what its model was trained on: slide.json, slide.h5 and the warnings.
#include <H5Cpp.h>
#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "stained_picture.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/model/network/fit_stain.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::kElsewhere;
using testing::kHere;
using ::testing::Not;
using testing::TemporaryFolder;

/// A network that knows the stains of its training, and says that all tiles that it scores are at `distance` from that.
class Knowing : public testing::IdentitySegmenter {
 public:
  Knowing() : IdentitySegmenter(8, 0.5, false), known_(IdentitySegmenter::shape()) {
    std::vector<core::StainVector> stains;
    std::vector<std::string> groups;
    for (unsigned i = 0; i < 60; ++i) {
      testing::Laboratory laboratory = kHere;  // as strong as the day wants it
      laboratory.strength[0] *= 0.8 + 0.02 * (i * 7 % 20);
      laboratory.strength[1] *= 0.8 + 0.02 * (i * 3 % 20);
      stains.push_back(*core::stain_vector(testing::stained_picture(112, 112, laboratory, i + 1).view()));
      groups.push_back(std::to_string(i / 2));
    }
    known_.stain_fit = model::network::fit_stain(stains, groups);
    known_.stain = testing::stain_of_picture(testing::stained_picture(300, 300, kHere));
    known_.sparse_scores = true;
  }
  const Shape& shape() const override { return known_; }
  std::unique_ptr<Pending> submit(std::unique_ptr<TileBuffer> tiles, int count, int tile, std::span<const std::uint8_t> scored) override {
    scored_.assign(scored.begin(), scored.end());
    return IdentitySegmenter::submit(std::move(tiles), count, tile, scored);
  }
  TileResults await(std::unique_ptr<Pending> pending) const override {
    TileResults results = IdentitySegmenter::await(std::move(pending));
    if (!distance) return results;
    for (const std::uint8_t scored : scored_) results.distances.push_back(scored ? *distance : NAN);
    return results;
  }
  Shape& known() { return known_; }
  std::optional<float> distance;

 private:
  Shape known_;
  std::vector<std::uint8_t> scored_;  // of the batch: one is under way at a time
};

class SlideFit : public ::testing::Test {
 protected:
  output::SlideStatistics segment(const testing::Laboratory& laboratory, core::StainMethod stain = core::StainMethod::None) {
    const core::Image tissue = testing::stained_picture(kSide, kSide, laboratory, 3);
    testing::write_slide(folder_ / "slide.tif", {kSide, kSide}, 0.5, [&](std::int64_t x, std::int64_t y) {
      const std::uint8_t* pixel = tissue.at(x, y);
      return core::Colour{pixel[0], pixel[1], pixel[2]};
    });
    return segment_slide({folder_ / "slide.tif", folder_ / "result", {}}, network_,
                         {.overlap = 0.5, .stain = stain, .tissue = "none", .threads = 1, .tokens = 1}, kIdentity, {observer_, kNever});
  }
  nlohmann::json fit_of_file() const { return nlohmann::json::parse(core::read_text_file(folder_ / "result.json"))["fit"]; }
  std::vector<float> column(const char* name) const {
    const H5::H5File file((folder_ / "result.h5").string(), H5F_ACC_RDONLY);
    const H5::DataSet data = file.openDataSet(name);
    std::vector<float> values(static_cast<std::size_t>(data.getSpace().getSimpleExtentNpoints()));
    data.read(values.data(), H5::PredType::NATIVE_FLOAT);
    return values;
  }

  static constexpr std::int64_t kSide = 672, kTiles = 25, kSparse = 9;  // tiles overlap by half; 3 x 3 see each place once
  TemporaryFolder folder_;
  core::SilentObserver observer_;
  Knowing network_;
};

TEST_F(SlideFit, OfTheTrainingsOwnStainIsNotWarnedOf) {
  const output::SlideStatistics statistics = segment(kHere);
  EXPECT_EQ(statistics.fit.stain, (output::FitShare{.tiles = kTiles, .beyond = 0}));
  EXPECT_EQ(fit_of_file()["stain"], 0);
  EXPECT_TRUE(fit_of_file()["features"].is_null()) << "the network can't tell";
  EXPECT_THAT(statistics.warnings, Not(Contains(HasSubstr("has not seen"))));
  for (const float distance : column("tiles/stain_distance")) EXPECT_LT(distance, 1);
  for (const float distance : column("tiles/distance")) EXPECT_TRUE(std::isnan(distance));
}

TEST_F(SlideFit, OfAnotherStainIsWarnedOf) {
  const output::SlideStatistics statistics = segment(kElsewhere);
  EXPECT_EQ(statistics.fit.stain, (output::FitShare{.tiles = kTiles, .beyond = kTiles}));
  EXPECT_EQ(fit_of_file()["stain"], 1);
  EXPECT_THAT(statistics.warnings, Contains(HasSubstr("this model has not seen a stain like this: 100 % of the tiles")));
  EXPECT_THAT(statistics.warnings, Contains(HasSubstr("--stain-normalisation may help")));
  EXPECT_EQ(output::read_statistics(folder_ / "result.json")->fit.stain, statistics.fit.stain);
  const output::SlideStatistics normalised = segment(kElsewhere, core::StainMethod::Reinhard);
  EXPECT_LE(normalised.fit.stain.beyond, kTiles / 5) << "what the network sees counts";
  EXPECT_THAT(normalised.warnings, Not(Contains(HasSubstr("has not seen"))));
}

TEST_F(SlideFit, CountsTheTilesThatWereScored) {
  network_.distance = 1.5F;
  const output::SlideStatistics beyond = segment(kHere);
  EXPECT_EQ(beyond.fit.features, (output::FitShare{.tiles = kSparse, .beyond = kSparse}));
  EXPECT_THAT(beyond.warnings, Contains(HasSubstr("this model has not seen tissue like this: 100 % of the tiles")));
  const std::vector<float> distances = column("tiles/distance");
  EXPECT_EQ(std::count(distances.begin(), distances.end(), 1.5F), kSparse);
  EXPECT_EQ(std::count_if(distances.begin(), distances.end(), [](float distance) { return std::isnan(distance); }), kTiles - kSparse);
  network_.distance = 0.9F;
  const output::SlideStatistics within = segment(kHere);
  EXPECT_EQ(within.fit.features, (output::FitShare{.tiles = kSparse, .beyond = 0}));
  EXPECT_THAT(within.warnings, Not(Contains(HasSubstr("has not seen"))));
}

TEST_F(SlideFit, OfAModelThatKnowsNothingSaysNothing) {
  network_.known().stain_fit.reset();
  const output::SlideStatistics statistics = segment(kElsewhere);
  EXPECT_EQ(statistics.fit.stain.tiles + statistics.fit.features.tiles, 0);
  EXPECT_TRUE(fit_of_file()["stain"].is_null() && fit_of_file()["features"].is_null());
  EXPECT_THAT(statistics.warnings, Not(Contains(HasSubstr("has not seen"))));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
