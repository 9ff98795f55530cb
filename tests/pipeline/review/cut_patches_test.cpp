#include "wsi_lpd/pipeline/review/cut_patches.hpp"

#include <charconv>
#include <fstream>
#include <set>

#include "image/test_tiff.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "slide/position_slide.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IdentitySegmenter;
using testing::kPaint;
using testing::TemporaryFolder;
using Classes = std::vector<std::string>;

/// What a patch's file name says: level-0 position and side.
struct Place {
  std::string slide;
  std::int64_t x = 0, y = 0, side = 0;
};
Place place_of(const fs::path& file) {
  const std::string name = file.stem().string();
  const std::size_t x = name.rfind("_x"), y = name.rfind("_y"), w = name.rfind("_w");
  const auto number = [&](std::size_t at) { return std::stoll(name.substr(at + 2)); };
  return {name.substr(0, x), number(x), number(y), number(w)};
}

/// Stops the run when the first patch is there.
class StopsAtTheFirst : public core::SilentObserver {
 public:
  explicit StopsAtTheFirst(core::CancelFlag& flag) : flag_(flag) {}
  void advance(std::int64_t, const std::string&) override { flag_ = saw_a_file = true; }
  bool saw_a_file = false;

 private:
  core::CancelFlag& flag_;
};

class Tile : public ::testing::Test {
 protected:
  /// A slide whose pixels say where they are.
  void write_position_slide(const std::string& name, core::Size size, double mpp) {
    image::PyramidOptions options;
    options.mpp = mpp;
    options.tile = 256;
    fs::create_directories((folder_ / name).parent_path());
    testing::write_slide(folder_ / name, testing::position_picture(size), options);
  }
  TileReport tile(const std::vector<std::string>& slides, const TileOptions& options, const Classes& classes = {"a", "b"}) {
    std::vector<TileJob> jobs;
    for (const std::string& slide : slides) jobs.push_back({folder_ / slide, {}, {}});
    return tile_slides(jobs, out(), options, classes, {observer_, kNever});
  }
  std::string refusal(const std::vector<std::string>& slides, const TileOptions& options, const Classes& classes = {"a", "b"}) {
    try {
      tile(slides, options, classes);
    } catch (const core::UsageError& error) {
      return error.what();
    }
    return "no error";
  }
  fs::path out() const { return folder_ / "out"; }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(out() / "train")) names.insert(entry.path().filename().string());
    return names;
  }
  /// The column names and the rows of a table.
  std::vector<std::vector<std::string>> table(const char* name) const {
    const core::CsvTable table = core::CsvTable::read(out() / name);
    std::vector<std::vector<std::string>> records{table.columns};
    for (const core::CsvTable::Row& row : table.rows) records.push_back(row.fields);
    return records;
  }

  core::SilentObserver observer_;
  TemporaryFolder folder_;
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

TEST_F(Tile, TakesWhatAResultSaysIsMostlyOfAClass) {
  // Class 2 in the right part, from a column that cuts through patches.
  testing::write_slide(folder_ / "slide.tif", {1280, 640}, 0.5, [](std::int64_t x, std::int64_t) { return kPaint[x < 620 ? 0 : 1]; });
  IdentitySegmenter network(8, 1.0);
  segment::segment_slide({folder_ / "slide.tif", folder_ / "results" / "slide", {}}, network, {.tissue = "none"}, {"m", "1", "2"},
                         {observer_, kNever});
  std::vector<TileJob> jobs{{folder_ / "slide.tif", {}, {}}};
  const core::ClassScheme classes = find_results(jobs, folder_ / "results");
  EXPECT_EQ(classes, network.shape().classes);
  EXPECT_EQ(jobs[0].result, folder_ / "results" / "slide.tif");
  for (const auto& [share, first] : std::vector<std::pair<double, std::int64_t>>{{0.05, 512}, {0.1, 512}, {0.5, 640}, {1.0, 640}}) {
    fs::remove_all(out());
    const TileReport report =
        tile_slides(jobs, out(), {.size = 128, .mpp = 0.5, .tissue = "none", .class_name = "class2", .min_class = share}, classes.names,
                    {observer_, kNever});
    // The patch from 512 to 640 has 20 of its 128 columns in class 2, give or take the network's cells of 16 level-0 pixels.
    EXPECT_EQ(report.slides[0].written, first == 512 ? 5 * 6 : 5 * 5) << share;
    for (const std::string& file : files()) EXPECT_GE(place_of(file).x, first) << share;
    for (const auto& row : table("patches.csv")) {
      if (row[0] == "file") continue;
      EXPECT_EQ(row[9], "class2");
      EXPECT_GE(std::stod(row[10]), share);
    }
  }
  fs::remove_all(out());
  EXPECT_EQ(tile_slides(jobs, out(), {.size = 128, .tissue = "none"}, classes.names, {observer_, kNever}).mpp, 1.0) << "as the result";
}

TEST_F(Tile, TakesWhatAResultIsLeastCertainOf) {
  // A square of a colour between two classes.
  const auto between = [](std::int64_t x, std::int64_t y) { return x >= 640 && x < 768 && y >= 256 && y < 384; };
  testing::write_slide(folder_ / "slide.tif", {1280, 640}, 0.5, [&](std::int64_t x, std::int64_t y) {
    return between(x, y) ? core::Colour{115, 115, 30} : kPaint[0];
  });
  IdentitySegmenter network(8, 1.0, false);
  segment::segment_slide({folder_ / "slide.tif", folder_ / "results" / "slide", {}}, network, {.tissue = "none"}, {"m", "1", "2"},
                         {observer_, kNever});
  std::vector<TileJob> jobs{{folder_ / "slide.tif", {}, {}}};
  const core::ClassScheme classes = find_results(jobs, folder_ / "results");
  const TileOptions options{.size = 64, .mpp = 1.0, .tissue = "none", .max = 1, .uncertain = true};
  EXPECT_EQ(tile_slides(jobs, out(), options, classes.names, {observer_, kNever}).patches(), 1);
  EXPECT_THAT(files(), ElementsAre("slide_x640_y256_w128.png"));
  auto rows = table("uncertain.csv");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0], ElementsAre("file", "slide", "entropy", "distance", "chosen_by"));
  EXPECT_EQ(rows[1][0], "train/slide_x640_y256_w128.png");
  EXPECT_GT(std::stod(rows[1][2]), 0.1);
  EXPECT_EQ(rows[1][3], "") << "this network does not know";
  EXPECT_EQ(rows[1][4], "entropy");
  EXPECT_EQ(tile_slides(jobs, out(), options, classes.names, {observer_, kNever}).slides[0].already, 1);
  EXPECT_EQ(table("uncertain.csv").size(), 2U) << "no second line";
  EXPECT_THAT(core::read_text_file(out() / "uncertain.html"), HasSubstr("src=\"train/slide_x640_y256_w128.png\""));

  fs::remove(folder_ / "results" / "slide.h5");
  EXPECT_THAT(tile_slides(jobs, out(), options, classes.names, {observer_, kNever}).failures.begin()->second, HasSubstr("slide.h5"));
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

TEST_F(Tile, KnowsWhichResultIsOfWhichSlide) {
  const auto paint = [&](const std::string& name, std::int64_t width) {
    fs::create_directories((folder_ / name).parent_path());
    testing::write_slide(folder_ / name, {width, 320}, 0.5, [](std::int64_t x, std::int64_t) { return kPaint[x < 160 ? 0 : 1]; });
  };
  paint("a/slide.tif", 320);
  paint("b/slide.tif", 640);
  IdentitySegmenter network(8, 1.0);
  const auto segment = [&](const std::string& slide, const std::string& stem) {
    segment::segment_slide({folder_ / slide, folder_ / stem, {}}, network, {.tissue = "none"}, {"m", "1", "2"}, {observer_, kNever});
  };
  const auto found = [&](const std::string& slide, const std::string& result) -> std::string {
    std::vector<TileJob> jobs{{folder_ / slide, {}, {}}};
    try {
      find_results(jobs, folder_ / result);
      if (!jobs[0].failure.empty()) return jobs[0].failure;
      return jobs[0].result.lexically_relative(folder_.path());
    } catch (const core::Error& error) {
      return error.what();
    }
  };
  segment("a/slide.tif", "results/a/slide");
  EXPECT_THAT(found("b/slide.tif", "results"), HasSubstr("has a result of another slide of this name"));
  segment("b/slide.tif", "results/b/slide");
  EXPECT_EQ(found("a/slide.tif", "results"), "results/a/slide.tif");
  EXPECT_EQ(found("b/slide.tif", "results"), "results/b/slide.tif");
  EXPECT_EQ(found("b/slide.tif", "results/a/slide.tif"), "results/a/slide.tif") << "as the user says; refused when it is used";
  std::vector<TileJob> jobs{{folder_ / "b/slide.tif", {}, folder_ / "results/a/slide.tif"}};
  const auto failure = [&](const std::string& class_name) {
    const auto report = tile_slides(jobs, out(), {.size = 64, .tissue = "none", .class_name = class_name}, {}, {observer_, kNever});
    return report.failures.empty() ? std::string("none") : report.failures.begin()->second;
  };
  EXPECT_THAT(failure("class1"), HasSubstr("is the result of another slide"));
  jobs[0].result = folder_ / "results/b/slide.tif";
  EXPECT_THAT(failure("TUM"), HasSubstr("has no class TUM; its classes are class1, class2, class3"));
  EXPECT_THAT(found("b/slide.tif", "b/slide.tif"), HasSubstr("labels must be"));

  // Results of two models with other classes share the folder.
  segment("a/slide.tif", "results/a/slide");
  const std::string raster = core::read_text_file(folder_ / "results/a/slide.tif"), name = R"("2":"class2")";
  std::string edited = raster;
  edited.replace(edited.find(name), name.size(), R"("2":"a/\"<b")");
  core::write_text_file(folder_ / "results/a/slide.tif", edited);
  jobs = {{folder_ / "a/slide.tif", {}, {}}, {folder_ / "b/slide.tif", {}, {}}};
  try {
    find_results(jobs, folder_ / "results");
    ADD_FAILURE();
  } catch (const core::UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("is of another model"));
  }
  edited.replace(edited.find("level0_bounds"), 13, "level0_bound5");
  core::write_text_file(folder_ / "results/a/slide.tif", edited);
  EXPECT_THAT(found("a/slide.tif", "results"), HasSubstr("its description is not one that segment wrote"));
  core::write_text_file(folder_ / "results/a/slide.tif", raster);

  segment("b/slide.tif", "results/again");
  EXPECT_THAT(found("b/slide.tif", "results"), HasSubstr("has 2 results of it"));
  fs::remove(folder_ / "results/a/slide.tif");
  EXPECT_THAT(found("a/slide.tif", "results"), HasSubstr("is gone"));
  core::write_text_file(folder_ / "results/a/slide.json", R"({"format": "wsi-lpd slide statistics", "version": 7})");
  EXPECT_THAT(found("a/slide.tif", "results"), AllOf(HasSubstr("has a result that can't be used"), HasSubstr("its version is 7")));
  fs::remove_all(folder_ / "results");
  fs::create_directories(folder_ / "results");
  EXPECT_THAT(found("a/slide.tif", "results"), HasSubstr("has no complete result of it"));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::review
