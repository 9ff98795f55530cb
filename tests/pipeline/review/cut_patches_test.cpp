#include "wsi_lpd/pipeline/review/cut_patches.hpp"

#include <fstream>

#include "image/test_tiff.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "tile_fixture.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

/// Stops the run when the first patch is there.
class StopsAtTheFirst : public core::SilentObserver {
 public:
  explicit StopsAtTheFirst(core::CancelFlag& flag) : flag_(flag) {}
  void advance(std::int64_t, const std::string&) override { flag_ = saw_a_file = true; }
  bool saw_a_file = false;

 private:
  core::CancelFlag& flag_;
};

TEST_F(Tile, PatchesComeFromThePlaceThatTheirNamesSay) {
  write_position_slide("slide.tif", {700, 500}, 0.25);
  const core::Image picture = testing::position_picture({700, 500});
  const TileReport report = tile({"slide.tif"}, {.size = 128, .tissue = "none"});
  ASSERT_TRUE(report.failures.empty());
  EXPECT_EQ(report.slides[0].written, 5 * 3) << "whole ones only";
  EXPECT_NEAR(report.mpp, 0.25, 1e-9) << "as the slide";
  for (const std::string& file : files()) {
    const Place place = place_of(file);
    EXPECT_EQ(place.slide, "slide");
    EXPECT_EQ(place.side, 128);
    const core::Image patch = image::read_rgb(out() / "train" / file);
    ASSERT_EQ(patch.width(), 128);
    for (std::int64_t y = 0; y < 128; ++y)
      ASSERT_TRUE(std::equal(patch.at(0, y), patch.at(0, y) + 3 * 128, picture.at(place.x, place.y + y))) << file << " row " << y;
  }
}

TEST_F(Tile, PatchesOfAnotherResolutionLieWhereTheyShould) {
  write_position_slide("slide.tif", {1600, 900}, 0.25);
  for (const double mpp : {0.5, 0.35}) {
    fs::remove_all(out());
    const double scale = mpp / 0.25;
    const TileReport report = tile({"slide.tif"}, {.size = 64, .overlap = 0.5, .mpp = mpp, .tissue = "none", .max = 40});
    EXPECT_EQ(report.slides[0].written, 40);
    EXPECT_EQ(report.mpp, mpp);
    for (const std::string& file : files()) {
      const Place place = place_of(file);
      EXPECT_EQ(place.side, std::llround(64 * scale));
      const core::Image patch = image::read_rgb(out() / "train" / file);
      for (std::int64_t i = 0; i < 64; ++i) {
        // A pixel is the mean of the places that it covers, unless red jumps there (every 128 pixels).
        const double begin = static_cast<double>(place.x) + static_cast<double>(i) * scale, end = begin + scale;
        if (std::floor((begin - 3) / 128) != std::floor((end + 3) / 128)) continue;
        EXPECT_NEAR(patch.at(i, 20)[0], begin + end - 1 - 256 * std::floor(begin / 128), 1.6) << file << " column " << i << " at " << mpp;
      }
    }
  }
}

TEST_F(Tile, LaysOutWhatTrainingTakesOnceItIsLabelled) {
  write_position_slide("slide.tif", {400, 400}, 0.5);
  const Classes classes{"TUM, solid", "say \"no\"", "<script>", "肿瘤/基质"};
  tile({"slide.tif"}, {.size = 96, .tissue = "none"}, classes);
  const auto rows = table("labels.csv");
  ASSERT_EQ(rows.size(), 17U);
  EXPECT_THAT(rows[0], ElementsAre("file", "TUM, solid", "say \"no\"", "<script>", "肿瘤/基质"));
  EXPECT_THAT(rows[1], ElementsAre(HasSubstr("train/slide_x0_y0_w96.png"), "", "", "", ""));
  try {
    training::scan_patches(out());
    ADD_FAILURE() << "labels are missing";
  } catch (const training::PatchError& error) {
    EXPECT_EQ(error.count(), 1U) << "one line for all";
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("16 of 16 images lack labels"), HasSubstr("train/slide_x0_y0_w96.png, "), HasSubstr("and 11 more")));
  }
  std::string labelled = core::csv_line(rows[0]);
  for (std::size_t i = 1; i < rows.size(); ++i) labelled += core::csv_line({rows[i][0], "1", "0", "1", i == 3 ? "" : "0"});
  core::write_text_file(out() / "labels.csv", "\xEF\xBB\xBF" + labelled);  // as a spreadsheet may save it
  try {
    training::scan_patches(out());
    ADD_FAILURE() << "a label is missing";
  } catch (const training::PatchError& error) {
    EXPECT_THAT(error.what(), HasSubstr("1 of 16 images lack labels; fill in 0 or 1 in each column, or delete the line: " + rows[3][0]));
  }
  labelled.replace(labelled.find("1,0,1,\n"), 7, "1,0,1,1\n");
  core::write_text_file(out() / "labels.csv", labelled);
  const training::PatchFolder patches = training::scan_patches(out());
  EXPECT_EQ(patches.class_names, classes);
  EXPECT_EQ(patches.train.size(), 16U);
  EXPECT_EQ(patches.train[2].labels, (std::vector<float>{1, 0, 1, 1}));
}

TEST_F(Tile, TakesTissueWithinTheRegionThatFillsThePatch) {
  // A square of tissue on glass; its edge cuts through patches.
  testing::write_slide(folder_ / "slide.tif", {1280, 1280}, 0.5, [](std::int64_t x, std::int64_t y) {
    return x >= 160 && x < 960 && y >= 160 && y < 960 ? core::Colour{190, 110, 170} : core::Colour{244, 243, 245};
  });
  const auto inside = [](const Place& place, double left, double right) {
    const auto overlap = [&](double begin, double low, double high) {
      return std::max(0.0, std::min(begin + 64, high) - std::max(begin, low));
    };
    return overlap(static_cast<double>(place.x), left, right) * overlap(static_cast<double>(place.y), 160, 960) / 64 / 64;
  };
  for (const double share : {0.4, 0.9}) {
    fs::remove_all(out());
    const TileReport report = tile({"slide.tif"}, {.size = 64, .min_tissue = share});
    for (const std::string& file : files()) EXPECT_GT(inside(place_of(file), 160, 960), share - 0.05) << file;
    EXPECT_EQ(report.slides[0].written, share < 0.5 ? 13 * 13 - 1 : 12 * 12) << "the edge halves its patches, the corner quarters one";
  }
  fs::remove_all(out());
  core::write_text_file(folder_ / "left.geojson", R"({"type": "Polygon", "coordinates": [[[0, 0], [500, 0], [500, 1280], [0, 1280]]]})");
  tile({"slide.tif"}, {.size = 64, .region = folder_ / "left.geojson", .min_tissue = 0.9});
  EXPECT_FALSE(files().empty());
  for (const std::string& file : files()) EXPECT_GT(inside(place_of(file), 160, 500), 0.85) << file;
  fs::remove_all(out());
  EXPECT_THAT(tile({"slide.tif"}, {.size = 64, .tissue = "absent.png"}).failures.begin()->second, HasSubstr("absent.png"));
}

TEST_F(Tile, ClearsAwayWhatAKilledRunLeft) {
  write_position_slide("slide.tif", {128, 128}, 0.5);
  EXPECT_EQ(tile({"slide.tif"}, {.size = 64, .tissue = "none"}).slides[0].written, 4);
  const fs::path old = core::part_path(out() / "train/slide_x0_y0_w64.png"), young = core::part_path(out() / "train/slide_x64_y0_w64.png");
  for (const fs::path& part : {old, young}) core::write_text_file(folder_ / "half", "half a patch"), fs::copy_file(folder_ / "half", part);
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(1));
  tile({"slide.tif"}, {.size = 64, .tissue = "none"});
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(young)) << "another process may be writing it";
  EXPECT_EQ(files().size(), 5U);
}

TEST_F(Tile, DrawsBySeed) {
  write_position_slide("slide.tif", {1024, 1024}, 0.5);
  const auto drawn = [&](std::int64_t max, std::uint64_t seed) {
    fs::remove_all(out());
    EXPECT_EQ(tile({"slide.tif"}, {.size = 32, .tissue = "none", .max = max, .seed = seed}).slides[0].written, max);
    return files();
  };
  const auto ten = drawn(10, 1), other = drawn(10, 2), thirty = drawn(30, 1);
  EXPECT_EQ(ten, drawn(10, 1));
  EXPECT_NE(ten, other);
  EXPECT_TRUE(std::includes(thirty.begin(), thirty.end(), ten.begin(), ten.end()));
  std::int64_t left = 0, top = 0;  // spread: of 200, about half in each half
  for (const std::string& file : drawn(200, 3)) {
    left += place_of(file).x < 512;
    top += place_of(file).y < 512;
  }
  EXPECT_NEAR(static_cast<double>(left), 100, 30);
  EXPECT_NEAR(static_cast<double>(top), 100, 30);
}

TEST_F(Tile, AddsPatchesAndChangesNone) {
  write_position_slide("a/slide.tif", {256, 256}, 0.5);
  write_position_slide("b/slide.tif", {256, 192}, 0.5);
  write_position_slide("a b'c.tif", {128, 128}, 0.5);
  const TileOptions options{.size = 64, .tissue = "none"};
  EXPECT_EQ(tile({"a/slide.tif"}, options).slides[0].written, 16);
  // Their user labels, throws one away and draws into another.
  auto rows = table("labels.csv");
  std::string labelled = core::csv_line(rows[0]);
  for (std::size_t i = 2; i < rows.size(); ++i) labelled += core::csv_line({rows[i][0], "1", "0"});
  labelled.pop_back();  // no line break at the end
  core::write_text_file(out() / "labels.csv", labelled);
  core::write_text_file(out() / rows[5][0], "drawn by hand");

  const TileReport again = tile({"a/slide.tif", "b/slide.tif", "a b'c.tif"}, options);
  EXPECT_EQ(again.slides[0].already, 16);
  EXPECT_EQ(again.slides[0].written, 0) << "what was thrown away stays away";
  EXPECT_EQ(again.slides[1].written, 12) << "of the same name, but another slide";
  EXPECT_EQ(again.slides[2].written, 4);
  const std::string added = core::read_text_file(out() / "labels.csv");
  EXPECT_TRUE(added.starts_with(labelled + "\n"));
  EXPECT_EQ(table("labels.csv").size(), 1U + 15 + 12 + 4);
  EXPECT_EQ(core::read_text_file(out() / rows[5][0]), "drawn by hand");
  EXPECT_TRUE(fs::exists(out() / "train" / "slide_2_x0_y0_w64.png"));
  EXPECT_TRUE(fs::exists(out() / "train" / "a b'c_x0_y0_w64.png"));
  EXPECT_EQ(tile({"b/slide.tif"}, options, {}).slides[0].already, 12) << "known again, and columns are the folder's";

  EXPECT_THAT(refusal({"a/slide.tif"}, {.size = 96, .tissue = "none"}), HasSubstr("its patches are of 64 pixels, and --size is 96"));
  EXPECT_THAT(refusal({"a/slide.tif"}, {.mpp = 1, .tissue = "none"}), HasSubstr("its patches have 0.5"));
  EXPECT_THAT(refusal({"a/slide.tif"}, options, {"a", "c"}), HasSubstr("has the columns a, b, and the classes are a, c"));
  EXPECT_EQ(tile({"a/slide.tif"}, {.overlap = 0.5, .tissue = "none"}).slides[0].written, 7 * 7 - 16) << "size and um/px are the folder's";
  core::write_text_file(out() / "labels.csv", "file;a;b\n");
  EXPECT_THAT(refusal({"a/slide.tif"}, options), HasSubstr("is not separated by commas"));
  fs::remove(out() / "labels.csv");
  EXPECT_THAT(refusal({"a/slide.tif"}, options), HasSubstr("its labels.csv, which patches would be added to, is gone"));
}

TEST_F(Tile, TouchesNoFolderOfSomethingElse) {
  write_position_slide("slide.tif", {256, 256}, 0.5);
  fs::create_directories(out());
  core::write_text_file(out() / "labels.csv", "file,a,b\nx.png,1,0\n");
  EXPECT_THAT(refusal({"slide.tif"}, {}), HasSubstr("holds files that tile did not write"));
  EXPECT_EQ(std::distance(fs::directory_iterator(out()), {}), 1);
  fs::remove_all(out());
  core::write_text_file(out(), "a file");
  EXPECT_THAT(refusal({"slide.tif"}, {}), HasSubstr("is a file"));
  fs::remove_all(out());
  EXPECT_THAT(refusal({"slide.tif"}, {.size = 100}), HasSubstr("--size 100 is not a multiple of 32"));
  EXPECT_FALSE(fs::exists(out()));
  tile({"slide.tif"}, {.size = 64, .tissue = "none"});
  core::write_text_file(out() / "patches.csv", core::read_text_file(out() / "patches.csv") + "a,b\n");
  EXPECT_THROW(tile({"slide.tif"}, {}), core::Error);
}

TEST_F(Tile, LeavesNothingOfASlideThatFailsOrIsStopped) {
  write_position_slide("good.tif", {256, 256}, 0.5);
  core::write_text_file(folder_ / "bad.tif", "no slide");
  const TileReport report = tile({"bad.tif", "good.tif", "absent.tif"}, {.size = 64, .tissue = "none"});
  EXPECT_EQ(report.failures.size(), 2U);
  EXPECT_EQ(report.patches(), 16);

  fs::remove_all(out());
  core::CancelFlag stopped{false};
  StopsAtTheFirst stops(stopped);
  EXPECT_THROW(tile_slides({{folder_ / "good.tif", {}, {}}}, out(), {.size = 64, .tissue = "none", .threads = 1}, {"a"}, {stops, stopped}),
               core::Cancelled);
  EXPECT_TRUE(stops.saw_a_file);
  EXPECT_TRUE(files().empty());
  EXPECT_FALSE(fs::exists(out() / "labels.csv"));
  EXPECT_EQ(tile({"good.tif"}, {.size = 64, .tissue = "none"}).patches(), 16) << "the same command goes on";

  // A failure between the images and the tables: nobody may write labels.csv.
  fs::remove_all(out());
  struct MakesAFolderOfTheTable : core::SilentObserver {
    explicit MakesAFolderOfTheTable(fs::path table) : table_(std::move(table)) {}
    void advance(std::int64_t, const std::string&) override { fs::create_directories(table_); }
    fs::path table_;
  } in_the_way(out() / "labels.csv");
  const TileReport stuck =
      tile_slides({{folder_ / "good.tif", {}, {}}}, out(), {.size = 64, .tissue = "none", .threads = 1}, {"a"}, {in_the_way, kNever});
  EXPECT_EQ(stuck.failures.size(), 1U);
  EXPECT_TRUE(files().empty());
}

TEST_F(Tile, CountsWhatCannotBeRead) {
  write_position_slide("slide.tif", {512, 512}, 0.5);
  testing::damage_tile(folder_ / "slide.tif", 0);
  const TileReport report = tile({"slide.tif"}, {.size = 64, .tissue = "none"});
  ASSERT_TRUE(report.failures.empty()) << report.failures.begin()->second;
  EXPECT_EQ(report.slides[0].unreadable, 16) << "of the 256 x 256 pixels that one tile of the file holds";
  EXPECT_EQ(report.slides[0].written, 48);
  EXPECT_EQ(files().size(), 48U);
  EXPECT_EQ(table("labels.csv").size(), 49U);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::review
