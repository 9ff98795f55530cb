#include "bands.hpp"

#include <gmock/gmock.h>

#include <random>

#include "hot_spots.hpp"
#include "pipeline/heard_lines.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/pipeline/review/measure.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/raster/border_distance.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;
using output::RegionStatistics;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IdentitySegmenter;
using testing::kPaint;

/// A slide of 320 x 240 px at 2 µm/px with the classes TUM, STR and LYM (class1 … class3 of the identity network).
class BandsOfASlide : public ::testing::Test {
 protected:
  template <class ClassAt>
  void segment(ClassAt class_at) {
    const fs::path slide = folder_ / "slide.tiff";
    testing::write_slide(slide, {320, 240}, 2, [&](std::int64_t x, std::int64_t y) {
      const int of = class_at(x, y);
      return of < 0 ? core::Colour{250, 250, 250} : kPaint[static_cast<std::size_t>(of)];
    });
    IdentitySegmenter network(8, 2);
    segment::segment_slide({slide, stem(), {}}, network, {.tissue = "none"}, kIdentity, {observer_, kNever});
    result_ = output::read_results(folder_ / "results").complete.at(0);
  }
  fs::path stem() const { return folder_ / "results/slide"; }
  std::vector<RegionStatistics> measure(const MeasureOptions& options) {
    return measure_regions(result_, whole_slide(result_.statistics.frame), options, {observer_, kNever});
  }
  std::string name(std::size_t of) const { return result_.statistics.classes.names[of]; }
  /// Why the slide can't be measured.
  std::string refusal(const MeasureOptions& options) {
    try {
      measure(options);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "";
  }

  testing::TemporaryFolder folder_;
  testing::HeardLines observer_;
  output::CompleteResult result_;
};

/// Names and pixels of the parts of a region.
std::vector<std::pair<std::string, std::int64_t>> pixels_of(const RegionStatistics& region) {
  std::vector<std::pair<std::string, std::int64_t>> pixels;
  for (const output::RegionPart& part : region.parts) pixels.emplace_back(part.name, part.composition.pixels);
  return pixels;
}

TEST_F(BandsOfASlide, AStraightBorderHasBandsOfItsLength) {
  segment([](std::int64_t x, std::int64_t) { return x < 160 ? 0 : 1; });
  const auto regions = measure({.class_bands = {{name(0), {-20, 0, 1, 9.5, 10000}}}, .distances = {{name(1), name(0), 40}}});
  ASSERT_EQ(regions.size(), 1U);
  EXPECT_EQ(regions[0].number, 0U);
  EXPECT_EQ(regions[0].pixels, 320 * 240);
  // Centres of columns are 1, 3, 5, … µm from the border; what is as far as a bound is beyond it.
  const std::string band = "band " + name(0) + " ";
  EXPECT_THAT(pixels_of(regions[0]), ElementsAre(std::pair(band + "-20..0", 10 * 240), std::pair(band + "0..1", 0),
                                                 std::pair(band + "1..9.5", 5 * 240), std::pair(band + "9.5..10000", 155 * 240)));
  EXPECT_THAT(regions[0].parts[0].composition.classes, ElementsAre(10 * 240, 0, 0));
  ASSERT_EQ(regions[0].distances.size(), 1U);
  const output::ClassDistance& distance = regions[0].distances[0];
  EXPECT_EQ(distance.pixels, 160 * 240);
  EXPECT_EQ(distance.beyond, 140 * 240);
  EXPECT_DOUBLE_EQ(distance.mean.value(), 20);
  EXPECT_DOUBLE_EQ(distance.quantiles[0].value(), 15) << "the 8th of 160 columns";
  EXPECT_FALSE(distance.quantiles[1]) << "beyond";
}

TEST_F(BandsOfASlide, InsideAndOutsideAreSymmetric) {
  segment([](std::int64_t x, std::int64_t y) { return (x / 40 + y / 56) % 3 == 0 ? 0 : 1; });
  const auto region = measure({.class_bands = {{name(0), {-31, -7, 0, 3, 50}}, {name(1), {-50, -3, 0, 7, 31}}}}).at(0);
  ASSERT_EQ(region.parts.size(), 8U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_GT(region.parts[i].composition.pixels, 0);
    EXPECT_EQ(region.parts[i].composition.classes, region.parts[7 - i].composition.classes) << region.parts[i].name;
  }
}

TEST_F(BandsOfASlide, TheFirstOfEqualSquaresIsTheHotSpot) {
  // Squares of 0.01 mm² are 50 px wide. LYM fills those of row 3 as much as those of row 2.
  segment([](std::int64_t x, std::int64_t y) {
    if (x < 112) return -1;
    return y >= 40 && y < 160 && x >= 192 && x < 304 ? 2 : 1;
  });
  const auto region = measure({.grid = SquareGrid{0.01, name(2)}}).at(0);
  ASSERT_TRUE(region.hot_spot);
  EXPECT_EQ(region.hot_spot->of, 2U);
  EXPECT_EQ(region.hot_spot->column, 5);
  EXPECT_EQ(region.hot_spot->row, 2);
  EXPECT_EQ(region.hot_spot->side, 50);
  EXPECT_DOUBLE_EQ(region.hot_spot->share, 1);
  ASSERT_EQ(region.parts.size(), 5U * 5U) << "columns 1 and 2 have no class";
  EXPECT_EQ(region.parts[0].name, "square 3 1");
  EXPECT_EQ(region.parts[4].name, "square 7 1");
  EXPECT_EQ(region.parts[4].composition.pixels, 20 * 50) << "cut off by the slide";

  const auto small = measure({.grid = SquareGrid{0.36, name(2)}}).at(0);
  EXPECT_EQ(small.parts.size(), 2U);
  ASSERT_TRUE(small.hot_spot) << "the left square of 300 px: 188 x 240 px of it have a class";
  EXPECT_EQ(small.hot_spot->column, 1);
  const auto large = measure({.grid = SquareGrid{0.4, name(2)}}).at(0);
  EXPECT_FALSE(large.hot_spot) << "316 x 316 px, less than half of them with a class: 208 x 240";
}

TEST_F(BandsOfASlide, ASecondProgramFindsTheSameFigures) {
  WSI_LPD_NEEDS_PYTHON();
  std::mt19937 random(5);
  std::array<std::array<int, 30>, 40> cells{};
  for (auto& column : cells) {
    for (int& cell : column) cell = random() % 3 == 0 ? static_cast<int>(random() % 4) - 1 : 1;
  }
  segment([&](std::int64_t x, std::int64_t y) { return cells[static_cast<std::size_t>(x / 8)][static_cast<std::size_t>(y / 8)]; });
  const fs::path drawn = folder_ / "drawn.geojson";
  core::write_text_file(drawn, R"([
    {"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[20.3,30.1],[200,10.7],[260.2,200],[90,131.3],[20.3,30.1]]]},"properties":{"classification":{"name":"Tumor"}}},
    {"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[250.3,-20.1],[400,90.7],[220.2,150.9],[250.3,-20.1]]]},"properties":{}},
    {"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[100,20],[150,20],[150,90],[100,90],[100,20]]]},"properties":{"classification":{"name":"Ignore*"}}}])");
  const std::vector<Bands> bands{{name(0), {-40, -16, 0, 16.5, 90}}, {name(1), {-1e4, 0, 1e4}}},
      margins{{"", {-30, 0, 12}}, {"Tumor", {0, 70}}};
  const MeasureOptions options{bands, margins, {{name(2), name(0), 30}, {name(0), name(2), 1000}}, SquareGrid{0.02, name(2)}};
  const std::string as_text[] = {"bands=" + name(0) + ":-40,-16,0,16.5,90", "bands=" + name(1) + ":-10000,0,10000",
                                 "distance=" + name(2) + ":" + name(0) + ":30", "distance=" + name(0) + ":" + name(2),
                                 "grid=0.02mm2:" + name(2)};
  const std::string& slide = result_.statistics.slide;
  const auto agree = [&](const std::vector<RegionStatistics>& regions, std::vector<std::string> arguments) {
    core::write_text_file(folder_ / "table.csv", output::region_table_header() + output::region_table_lines(slide, regions));
    arguments.insert(arguments.begin(), {stem().string(), (folder_ / "table.csv").string()});
    arguments.insert(arguments.end(), std::begin(as_text), std::end(as_text));
    return testing::run_python("pipeline/review/brute_force_bands.py", arguments);
  };
  EXPECT_TRUE(agree(measure({options.class_bands, {}, options.distances, options.grid}), {""}));
  EXPECT_TRUE(agree(measure_regions(result_, slide::read_annotations(drawn), options, {observer_, kNever}),
                    {drawn.string(), "annotation-bands=-30,0,12", "annotation-bands=Tumor:0,70"}));
}

TEST_F(BandsOfASlide, WhatCanNotBeMeasuredIsRefused) {
  segment([](std::int64_t x, std::int64_t) { return x < 160 ? 0 : 1; });
  EXPECT_THAT(refusal({.class_bands = {{"XYZ", {0, 1}}}}), HasSubstr("has no class XYZ; it has "));
  EXPECT_THAT(refusal({.class_bands = {{name(0), {-1e5, 0}}}}), HasSubstr("a distance of 1e+05 um is beyond 16384 pixels of 2 um"));
  EXPECT_THAT(refusal({.grid = SquareGrid{0.5, name(0)}}), HasSubstr("larger than the slide, 320 x 240 pixels"));
  EXPECT_THAT(refusal({.grid = SquareGrid{3.9e-6, name(0)}}), HasSubstr("squares of 3.9e-06 mm2 are smaller than a pixel"));
  EXPECT_EQ(refusal({.grid = SquareGrid{4e-6, name(0)}}), "") << "76 800 squares of a pixel";
  result_.statistics.frame.mpp = 1;
  EXPECT_EQ(refusal({.grid = SquareGrid{1e-6, name(0)}}), "");
  result_.statistics.frame.mpp = 0;
  EXPECT_THAT(refusal({.class_bands = {{name(0), {0, 1}}}}), HasSubstr("its um per pixel are unknown, which distances need"));
  EXPECT_THAT(refusal({.distances = {{name(0), name(1), 9}}}), HasSubstr("which distances need: segment it again with --mpp"));
  EXPECT_THAT(refusal({.grid = SquareGrid{1, name(0)}}), HasSubstr("which a grid needs: segment it again with --mpp"));
  EXPECT_EQ(refusal({}), "") << "areas are in pixels";
}

TEST(BandsMeasuring, TakesBoundedMemory) {
  output::SlideStatistics slide;
  slide.classes = core::default_class_scheme(4);
  slide.frame = {{0, 0, 300'000, 300'000}, 1, {300'000, 300'000}, 0.5, 0.5};
  const slide::Annotations whole = whole_slide(slide.frame);
  const auto bytes_of = [&](double um) {
    return raster::BorderDistance::memory(300'000, 300'000, static_cast<std::uint32_t>(4 * um * um));
  };
  ASSERT_LT(bytes_of(4000), BandsMeasuring::kMostMemory);
  ASSERT_GT(2 * bytes_of(4000), BandsMeasuring::kMostMemory);
  const auto make = [&](const std::vector<slide::Annotation>& regions, const MeasureOptions& options) {
    BandsMeasuring(regions, slide, options);
  };
  EXPECT_NO_THROW(make(whole.regions, {.class_bands = {{"TUM", {0, 4000}}}}));
  EXPECT_THROW(make(whole.regions, {.class_bands = {{"TUM", {0, 4000}}, {"LYM", {0, 4000}}}}), core::Error);
  const auto squares = [](double right, double down) {
    std::vector<slide::Annotation> regions;
    for (int i = 0; i < 100; ++i) {
      const double x = right * i, y = down * i;
      regions.push_back({1, "", "", "", {{{{x, y}, {x + 2000, y}, {x + 2000, y + 2000}, {x, y + 2000}}}}});
    }
    return regions;
  };
  const MeasureOptions margins{.region_bands = {{"", {-2000, 2000}}}};
  EXPECT_THROW(make(squares(2500, 0), margins), core::Error) << "side by side";
  EXPECT_NO_THROW(make(squares(2500, 12'000), margins)) << "10 000 rows each, one after another";
  // The squares are a limit of their own.
  EXPECT_THROW(GridOnSlide({0.001, "LYM"}, slide), core::Error);
  EXPECT_EQ(GridOnSlide({1, "LYM"}, slide).side, 2000);
}

TEST(MeasureOptions, AreReadFromText) {
  EXPECT_EQ(parse_bands("TUM:-500,0,500").of, "TUM");
  EXPECT_THAT(parse_bands("TUM:-500,0,500").bounds, ElementsAre(-500, 0, 500));
  EXPECT_EQ(parse_bands("Tumor: Positive:0,.5").of, "Tumor: Positive");
  EXPECT_EQ(parse_bands("-1,1e3").of, "");
  const DistanceBetween distance = parse_distance("LYM:TUM:20.5");
  EXPECT_EQ(distance.from + " " + distance.to, "LYM TUM");
  EXPECT_EQ(distance.maximum, 20.5);
  EXPECT_EQ(parse_distance("LYM:TUM").maximum, 1000);
  EXPECT_EQ(parse_grid("0.25mm2:LYM").area, 0.25);
  EXPECT_EQ(parse_grid("1mm2:a:b").of, "a:b");
  for (const char* text :
       {"", "TUM", "TUM:", "TUM:5", "TUM:0,0", "TUM:1,0", "TUM:0,x", "TUM:0,1um", "TUM:0,,1", "TUM:0,1,", "TUM:0,nan", "TUM:-inf,0"})
    EXPECT_THROW(parse_bands(text), core::UsageError) << text;
  for (const char* text : {"", "LYM", "LYM:", ":TUM", "LYM:LYM", "LYM:TUM:", "LYM:TUM:0", "LYM:TUM:-5", "LYM:TUM:far", "LYM:TUM:inf"})
    EXPECT_THROW(parse_distance(text), core::UsageError) << text;
  for (const char* text : {"", "1mm2", "1mm2:", "LYM", "1:LYM", "mm2:LYM", "0mm2:LYM", "-1mm2:LYM", "1um2:LYM"})
    EXPECT_THROW(parse_grid(text), core::UsageError) << text;
}

}  // namespace
}  // namespace wsi_lpd::pipeline::review
