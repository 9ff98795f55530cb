#include "uncertainty.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/output/result_file.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const float kNone = std::nanf("");

/// A slide of 1600 x 1600 level-0 pixels at (100, 50): 200 x 200 output pixels of 8 level-0 pixels, cells of 2 output pixels.
const core::Frame kFrame{{100, 50, 1600, 1600}, 8, {200, 200}, 2, 0.25};

/// A result whose cells are certain, but for the square of cells from (40, 70) to (60, 90), where all three classes have 85/255.
void write_result(const std::filesystem::path& path) {
  output::ResultLayout layout;
  layout.frame = kFrame;
  layout.classes = core::default_class_scheme(3);
  layout.prototypes_per_class = 1;
  layout.feature_size = 1;
  layout.tile = 20;
  layout.map_stride = 2;
  layout.map = {100, 100};
  output::ResultFile file(path, layout);
  const float one[] = {1}, scores[] = {0, 0, 0};
  const auto tile = [&](std::int64_t x, std::int64_t y, float features, float stain) {
    file.add_tile(x, y, one, scores, scores, output::TileStatus::Read, {kNone, features, stain});
  };
  tile(100, 50, 0.5F, 1.5F);  // output pixels 0 to 20, centre at 10
  tile(260, 50, 3, kNone);    // 20 to 40
  tile(420, 50, kNone, kNone);
  for (std::int64_t y = 0; y < 100; ++y) {
    std::vector<std::uint8_t> labels(100, 1), values(300);
    for (std::int64_t x = 0; x < 100; ++x) {
      const bool muddled = x >= 40 && x < 60 && y >= 70 && y < 90;
      for (std::int64_t c = 0; c < 3; ++c) values[static_cast<std::size_t>(c * 100 + x)] = muddled ? 85 : c == 0 ? 255 : 0;
    }
    file.add_map_rows(1, labels, values);
  }
  file.finish();
}

TEST(Uncertainty, OfAPatchIsTheMeanEntropyAndTheLargestDistanceOfItsTiles) {
  const testing::TemporaryFolder folder;
  write_result(folder / "slide.h5");
  output::ResultReader result(folder / "slide.h5");
  std::vector<PatchPlace> places{{0, 0}, {20, 0}, {40, 0}, {60, 140}, {80, 140}, {100, 140}};
  rate(places, kFrame, 40, result, false);
  // p is 1/3 three times beside (2/3)^10, over their sum
  const double background = std::pow(2.0 / 3, 10), sum = 1 + background;
  const double muddled = -(3 * (1 / (3 * sum)) * std::log(1 / (3 * sum)) + background / sum * std::log(background / sum)) / std::log(4.0);
  EXPECT_NEAR(muddled, 0.84123, 1e-5);
  const double entropies[] = {0, 0, 0, muddled / 2, muddled, muddled / 2};
  for (std::size_t i = 0; i < places.size(); ++i) EXPECT_NEAR(places[i].uncertainty->entropy, entropies[i], 1e-6) << i;
  EXPECT_EQ(places[0].uncertainty->distance, 3) << "tiles with centres at 10 and 30";
  EXPECT_EQ(places[1].uncertainty->distance, 3);
  EXPECT_TRUE(std::isnan(places[2].uncertainty->distance)) << "no tile that knows its distance";
  EXPECT_EQ(result.tiles()[0].stain, 1.5F);
}

std::vector<PatchPlace> rated(const std::vector<std::array<double, 3>>& x_entropy_distance) {
  std::vector<PatchPlace> places;
  for (const auto& [x, entropy, distance] : x_entropy_distance) {
    places.push_back({static_cast<std::int64_t>(x), 0});
    places.back().uncertainty = Uncertainty{entropy, distance};
  }
  return places;
}

std::vector<std::string> chosen(std::vector<PatchPlace> places, std::int64_t count) {
  choose_uncertain(places, 10, count);
  std::vector<std::string> text;
  for (const PatchPlace& place : places) text.push_back(std::to_string(place.x) + " " + place.uncertainty->chosen_by);
  return text;
}

TEST(Uncertainty, ChoosesByTurnsAndApart) {
  const auto places = rated({{0, 0.9, 0.5}, {10, 0.8, 0.5}, {20, 0.7, 4}, {30, 0.1, 3}, {40, 0.2, 2}, {70, 0.3, kNone}});
  EXPECT_THAT(chosen(places, 1), ElementsAre("0 entropy"));
  EXPECT_THAT(chosen(places, 2), ElementsAre("0 entropy", "20 distance"));
  // 10 and 30 lie beside chosen ones
  EXPECT_THAT(chosen(places, 4), ElementsAre("0 entropy", "20 distance", "40 distance", "70 entropy"));
  EXPECT_THAT(chosen(places, 5), ElementsAre("0 entropy", "10 entropy", "20 distance", "40 distance", "70 entropy")) << "too few otherwise";
  EXPECT_EQ(chosen(places, 100).size(), 6U);
  EXPECT_TRUE(chosen({}, 3).empty());
}

TEST(Uncertainty, NeedsTheFileOfTheResult) {
  const testing::TemporaryFolder folder;
  core::write_text_file(folder / "other.h5", "no HDF5");
  for (const char* name : {"absent.h5", "other.h5"}) {
    try {
      output::ResultReader reader(folder / name);
      ADD_FAILURE() << name;
    } catch (const core::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(name));
    }
  }
}

}  // namespace
}  // namespace wsi_lpd::pipeline::review
