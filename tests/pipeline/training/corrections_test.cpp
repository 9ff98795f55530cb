#include "wsi_lpd/pipeline/training/corrections.hpp"

#include <algorithm>
#include <cmath>

#include "pipeline/heard_lines.hpp"
#include "pipeline/run.hpp"
#include "pipeline/training/marked_patches.hpp"
#include "slide/position_slide.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/digest/sha256.hpp"
#include "wsi_lpd/pipeline/training/training_stream.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

using ::testing::HasSubstr;

constexpr std::uint8_t kUnknown = model::network::kUnknownPixel, kBackground = 2;

std::string square(double left, double top, double right, double bottom, const std::string& name) {
  const auto point = [](double x, double y) { return "[" + std::to_string(x) + "," + std::to_string(y) + "]"; };
  return R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":[[)" + point(left, top) + "," + point(right, top) + "," +
         point(right, bottom) + "," + point(left, bottom) + "," + point(left, top) + R"(]]},"properties":{"classification":{"name":")" +
         name + R"("}}})";
}

class Corrections : public MarkedPatches {
 protected:
  /// A slide of a single image whose pixels say where they lie, and its regions.
  void correct(const std::string& name, core::Size size, const std::string& features) const {
    image::write_png(folder_ / (name + ".png"), marked(7, size.width, size.height));
    core::write_text_file(folder_ / (name + ".geojson"), R"({"type":"FeatureCollection","features":[)" + features + "]}");
  }
  std::vector<CorrectedTile> read(double mpp = 0, const std::vector<Patch>& train = {}) {
    PatchFolder patches;
    patches.train = train;
    const core::Work work{heard_, cancel_};
    return cut_corrections(find_corrections({folder_.path(), {}, "GLASS"}, classes_, work), classes_, 64, mpp, patches, work);
  }
  std::string error_of(const std::vector<Patch>& train = {}) {
    try {
      read(0, train);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "no error";
  }
  testing::HeardLines heard_;
  core::ClassScheme classes_{{"TUM", "STR"}, "BACK", {{255, 0, 0}, {0, 0, 255}, {255, 255, 255}}};
};

TEST_F(Corrections, KnowThePixelsOfTheirRegionsAlone) {
  correct("slide", {64, 64},
          square(4, 8, 40, 24, "TUM") + "," + square(10, 30, 50, 60, "STR") + "," + square(40, 40, 64, 64, "BACK") + "," +
              square(10, 8, 14, 12, "Ignore*"));
  const std::vector<CorrectedTile> tiles = read();
  ASSERT_EQ(tiles.size(), 1U);
  const CorrectedTile& tile = tiles.front();
  EXPECT_EQ(tile.rgb, marked(7, 64, 64));
  for (std::int64_t y = 0; y < 64; ++y) {
    for (std::int64_t x = 0; x < 64; ++x) {
      const auto in = [&](std::int64_t left, std::int64_t top, std::int64_t right, std::int64_t bottom) {
        return x >= left && x < right && y >= top && y < bottom;
      };
      std::uint8_t expected = kUnknown;
      if (in(10, 30, 50, 60)) expected = 1;
      if (in(40, 40, 64, 64)) expected = kBackground;  // on the larger region of stroma
      if (in(4, 8, 40, 24) && !in(10, 8, 14, 12)) expected = 0;
      ASSERT_EQ(*tile.classes.at(x, y), expected) << x << ", " << y;
    }
  }
  EXPECT_TRUE(std::ranges::all_of(tile.labels, [](float label) { return std::isnan(label); })) << "regions cover only a part";
  EXPECT_EQ(tile.presence, (std::vector<float>{1, 1}));
  EXPECT_EQ(tile.patient, "slide");
}

TEST_F(Corrections, GiveImageLabelsWhereTheyCoverATile) {
  correct("slide", {64, 64}, square(-5, -5, 40, 70, "TUM") + "," + square(40, -5, 70, 70, "BACK"));
  const std::vector<CorrectedTile> tiles = read();
  ASSERT_EQ(tiles.size(), 1U);
  EXPECT_EQ(tiles[0].labels, (std::vector<float>{1, 0}));
  EXPECT_EQ(tiles[0].presence, (std::vector<float>{1, 0}));
}

TEST_F(Corrections, OfTheBackgroundShowNoClass) {
  correct("slide", {128, 64}, square(0, 0, 20, 20, "BACK") + "," + square(64, 0, 128, 64, "GLASS"));
  const std::vector<CorrectedTile> tiles = read();
  ASSERT_EQ(tiles.size(), 2U);
  EXPECT_EQ(std::count(tiles[0].classes.data(), tiles[0].classes.data() + tiles[0].classes.bytes(), kBackground), 20 * 20);
  EXPECT_TRUE(std::isnan(tiles[0].presence[0])) << "a class may be elsewhere in the tile";
  EXPECT_EQ(tiles[1].labels, (std::vector<float>{0, 0})) << "by the name of dataset.toml, all of the tile";
  EXPECT_EQ(tiles[1].presence, (std::vector<float>{0, 0}));
  EXPECT_THAT(heard_.infos.back(), HasSubstr("2 regions in 1 file, 2 tiles; tiles with TUM 0, STR 0, BACK 2"));
}

TEST_F(Corrections, LieInTilesSideBySide) {
  correct("slide", {150, 100}, square(60, 10, 140, 90, "TUM"));  // six tiles, the last ones past the edge
  const std::vector<CorrectedTile> tiles = read();
  ASSERT_EQ(tiles.size(), 6U);
  const core::Image whole = marked(7, 150, 100);
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    const auto left = static_cast<std::int64_t>(i % 3) * 64, top = static_cast<std::int64_t>(i / 3) * 64;
    EXPECT_THAT(tiles[i].name, HasSubstr("tile at " + std::to_string(left) + ", " + std::to_string(top)));
    for (std::int64_t y = 0; y < 64; ++y) {
      for (std::int64_t x = 0; x < 64; ++x) {
        const std::int64_t at_x = left + x, at_y = top + y;
        const bool inside = at_x >= 60 && at_x < 140 && at_y >= 10 && at_y < 90;
        ASSERT_EQ(*tiles[i].classes.at(x, y), inside ? 0 : kUnknown) << at_x << ", " << at_y;
        if (at_x >= 150 || at_y >= 100) continue;
        ASSERT_TRUE(std::equal(whole.at(at_x, at_y), whole.at(at_x, at_y) + 3, tiles[i].rgb.at(x, y)));
      }
    }
    EXPECT_EQ(tiles[i].presence[0], 1);
  }
}

TEST_F(Corrections, AreTakenAtTheResolutionOfTheModel) {
  testing::write_slide(folder_ / "slide.tif", marked(7, 128, 128), {.mpp = 0.25, .description = {}, .palette = {}});
  core::write_text_file(folder_ / "slide.geojson", square(64, 0, 128, 64, "STR"));
  const std::vector<CorrectedTile> tiles = read(0.5);
  ASSERT_EQ(tiles.size(), 1U);
  EXPECT_EQ(std::count(tiles[0].classes.data(), tiles[0].classes.data() + tiles[0].classes.bytes(), 1), 32 * 32);
  EXPECT_EQ(*tiles[0].classes.at(32, 31), 1);
  EXPECT_EQ(*tiles[0].classes.at(31, 31), kUnknown);
}

TEST_F(Corrections, TakeLabelsAndPatientOfTheSameTrainingImage) {
  correct("P1_3[10]", {64, 64}, square(4, 8, 40, 24, "TUM"));
  const testing::TemporaryFolder elsewhere;
  const std::filesystem::path image = elsewhere / "P1_3[10].png";
  std::filesystem::copy(folder_ / "P1_3[10].png", image);
  const std::vector<CorrectedTile> tiles = read(0, {{image, {}, {1, 0}, "P1"}});
  ASSERT_EQ(tiles.size(), 1U);
  EXPECT_EQ(tiles[0].labels, (std::vector<float>{1, 0}));
  EXPECT_EQ(tiles[0].presence, (std::vector<float>{1, 0}));
  EXPECT_EQ(tiles[0].patient, "P1");
  const std::vector<Patch> contradicted{{image, {}, {0, 1}, "P1"}};
  EXPECT_THAT(error_of(contradicted),
              HasSubstr("P1_3[10].geojson: has a region of TUM, and the image labels of " + image.string() + " say that it shows none"));
  std::filesystem::resize_file(image, 100);  // another image of that name
  EXPECT_EQ(error_of(contradicted), "no error");
}

TEST_F(Corrections, SayWhatIsWrong) {
  EXPECT_THAT(error_of(), HasSubstr("has no NAME.geojson"));
  correct("slide", {64, 64}, square(0, 0, 20, 20, "NEC"));
  EXPECT_THAT(error_of(), HasSubstr("slide.geojson: has regions of NEC, and the classes are TUM, STR"));
  correct("slide", {64, 64}, square(200, 200, 220, 220, "TUM"));
  EXPECT_THAT(error_of(), HasSubstr("slide.geojson: its regions lie outside of "));
  correct("slide", {64, 64}, square(0, 0, 20, 20, "TUM") + "," + square(0, 0, 20, 21, "STR"));
  EXPECT_THAT(error_of(), HasSubstr("slide.geojson: "));
  correct("slide", {64, 64}, square(0, 0, 20, 20, "TUM"));
  std::filesystem::copy(folder_ / "slide.png", folder_ / "slide.jpg");
  EXPECT_THAT(error_of(), HasSubstr("have its name; keep one of them"));
  std::filesystem::remove(folder_ / "slide.jpg");
  for (const char* name : {"slide.json", "slide.h5"}) core::write_text_file(folder_ / name, "{}");  // of segment
  EXPECT_THAT(error_of(), HasSubstr("slide.json is a result of segment, and no slide; name the folder of the slides themselves"));
  std::filesystem::rename(folder_ / "slide.geojson", folder_ / "slide.png.geojson");
  EXPECT_EQ(error_of(), "no error") << "the slide lies with its results, and the regions name its ending, too";
  std::filesystem::rename(folder_ / "slide.png.geojson", folder_ / "slide.geojson");
  for (const char* name : {"slide.json", "slide.h5", "slide.png"}) std::filesystem::remove(folder_ / name);
  EXPECT_THAT(error_of(), HasSubstr("for the regions of slide; name the folder of the slides"));
  core::write_text_file(folder_ / "slide.geojson", "[]");
  EXPECT_THAT(error_of(), HasSubstr("there is nothing to learn from: no region is a person's (0 are as exported)"));
  core::write_text_file(folder_ / "slide.geojson", square(0, 0, 20, 20, "Ignore*"));
  image::write_png(folder_ / "slide.png", marked(7, 64, 64));
  EXPECT_THAT(error_of(), HasSubstr("there is nothing to learn from: of 1 region of a person none shows TUM, STR or BACK"));
}

TEST_F(Corrections, OutsideOfTheSlideAreCountedAndNamed) {
  correct("slide", {64, 64}, square(10, 10, 20, 20, "TUM") + "," + square(64, 0, 80, 20, "STR") + "," + square(50, 50, 70, 60, "STR"));
  EXPECT_EQ(read().size(), 1U);
  ASSERT_EQ(heard_.warnings.size(), 2U);
  EXPECT_THAT(heard_.warnings[0], HasSubstr("slide.geojson: 1 region lies outside of the slide (64 x 64 level-0 pixels), where nothing "
                                            "is learnt: feature 2 (STR)"));
  EXPECT_THAT(heard_.warnings[1], HasSubstr("1 region reaches beyond the slide (64 x 64 level-0 pixels), where nothing is learnt: "
                                            "feature 3 (STR)"));
}

TEST_F(Corrections, AreListedForTheModelFile) {
  correct("b", {64, 64}, square(0, 0, 20, 20, "TUM") + "," + square(30, 30, 40, 40, "STR"));
  correct("untouched", {64, 64}, "");
  std::filesystem::create_directory(folder_ / "sub");
  correct("sub/a", {64, 64}, square(0, 0, 20, 20, "BACK"));
  const FoundCorrections found = find_corrections({folder_.path(), {}}, classes_, {observer_, cancel_});
  EXPECT_EQ(provenance_text(found, folder_.path()),
            "3 regions of a person in 2 files\nb.geojson: 2 regions, SHA-256 " + digest::sha256_of_file(folder_ / "b.geojson") +
                "\nsub/a.geojson: 1 region, SHA-256 " + digest::sha256_of_file(folder_ / "sub/a.geojson"));
}

TEST_F(Corrections, StreamBesideTheImagesWithTheSameTurn) {
  correct("slide", {64, 64}, square(4, 8, 40, 24, "TUM"));
  const std::vector<CorrectedTile> tiles = read();
  const PatchSet set = load(write(4, 64, 64), {});
  TrainingStream stream(set, 4, 1, 0, {.correction_share = 0.5}, {}, tiles);
  const std::size_t pixels = std::size_t{64} * 64;
  for (int step = 0; step < 20; ++step) {
    const model::network::PatchBatch batch = stream.next();
    ASSERT_EQ(batch.count, 6);
    for (std::size_t image = 0; image < 6; ++image) {
      EXPECT_EQ(std::isnan(batch.labels[2 * image]), image >= 4);
      EXPECT_EQ(std::isnan(batch.presence[2 * image]), image < 4) << "a region says that its class is there";
      for (std::size_t i = 0; i < pixels; ++i) {
        const std::uint8_t* rgb = batch.rgb.data() + 3 * (pixels * image + i);
        const bool drawn = image >= 4 && rgb[1] >= 4 && rgb[1] < 40 && rgb[2] >= 8 && rgb[2] < 24;
        ASSERT_EQ(batch.pixels[pixels * image + i], drawn ? 0 : kUnknown);
      }
    }
  }
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
