#include "wsi_lpd/output/slide_files.hpp"

#include "output/results.hpp"
#include "test_data.hpp"
#include "wsi_lpd/output/statistics_file.hpp"

namespace wsi_lpd::output {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

void write(const fs::path& stem, const std::vector<std::string>& suffixes, const std::string& text) {
  for (const std::string& suffix : suffixes) core::write_text_file(fs::path(stem) += suffix, text, core::Durable::No);
}

TEST(StagedResult, ReplacesAnEarlierResultAsAWhole) {
  const testing::TemporaryFolder folder;
  const fs::path stem = folder / "new folder/slide";
  SlideStatistics statistics = testing::some_statistics();
  {
    StagedResult staged(stem);
    write(staged.stem(), {".ome.tif", ".h5", ".overlay.jpg", ".tissue.jpg", ".geojson", ".prototypes.jpg"}, "old");
    EXPECT_THAT(names_in(folder / "new folder"), ::testing::SizeIs(1)) << "nothing has its name yet";
    EXPECT_EQ(unfinished_stem(staged.stem().parent_path()), stem);
    EXPECT_TRUE(is_unfinished_of(staged.stem().parent_path(), stem));
    EXPECT_FALSE(is_unfinished_of(staged.stem().parent_path(), folder / "new folder/slide1"));
    staged.commit(statistics, nullptr);
  }
  EXPECT_EQ(statistics.files,
            (std::map<std::string, std::int64_t>{
                {".ome.tif", 3}, {".h5", 3}, {".overlay.jpg", 3}, {".tissue.jpg", 3}, {".geojson", 3}, {".prototypes.jpg", 3}}));
  EXPECT_EQ(read_statistics(fs::path(stem) += ".json")->files, statistics.files);
  StagedResult staged(stem);
  write(staged.stem(), {".tif", ".h5", ".overlay.jpg", ".tissue.jpg"}, "newer");
  EXPECT_EQ(core::read_text_file(fs::path(stem) += ".h5"), "old");
  staged.commit(statistics, nullptr);
  EXPECT_EQ(core::read_text_file(fs::path(stem) += ".h5"), "newer");
  EXPECT_EQ(statistics.files.at(".h5"), 5);
  StagedResult(stem).stem();  // gone without a word
  EXPECT_THAT(names_in(folder / "new folder"), UnorderedElementsAre("slide.tif", "slide.h5", "slide.overlay.jpg", "slide.tissue.jpg",
                                                                    "slide.json", staged.stem().parent_path().filename()));
}

TEST(StagedResult, WritesNothingWithoutItsLock) {
  const testing::TemporaryFolder folder;
  const fs::path stem = folder / "slide";
  SlideStatistics statistics = testing::some_statistics();
  write(stem, {".tif", ".h5", ".json"}, "of the process that has the lock now");
  const auto lock = core::WorkLock::try_to_take(lock_path(stem)).lock;
  StagedResult staged(stem);
  write(staged.stem(), {".tif", ".h5", ".overlay.jpg"}, "too late");
  fs::remove(lock_path(stem));
  EXPECT_THROW(staged.commit(statistics, lock.get()), core::LockLost);
  for (const char* suffix : {".tif", ".h5", ".json"})
    EXPECT_EQ(core::read_text_file(fs::path(stem) += suffix), "of the process that has the lock now");
  EXPECT_FALSE(fs::exists(fs::path(stem) += ".overlay.jpg"));
}

TEST(ChangedFiles, AreNamedByTheSizesRecorded) {
  const testing::TemporaryFolder folder;
  const fs::path stem = folder / "slide";
  SlideStatistics statistics = testing::some_statistics();
  StagedResult staged(stem);
  write(staged.stem(), {".tif", ".h5", ".overlay.jpg", ".tissue.jpg", ".geojson", ".prototypes.jpg", ".probabilities.ome.tif"}, "1234");
  staged.commit(statistics, nullptr);
  EXPECT_THAT(changed_files(stem, statistics), IsEmpty());
  for (const char* suffix : {".tif", ".h5", ".overlay.jpg", ".tissue.jpg", ".geojson", ".prototypes.jpg", ".probabilities.ome.tif"}) {
    const fs::path file = fs::path(stem) += suffix;
    core::write_text_file(file, "123456");
    EXPECT_EQ(text_of(changed_files(stem, statistics)), "slide" + std::string(suffix) + " has 6 bytes instead of 4");
    core::write_text_file(file, "12x4");
    EXPECT_THAT(changed_files(stem, statistics), IsEmpty());
    EXPECT_EQ(text_of(changed_files(stem, statistics, Compare::Bytes)),
              "slide" + std::string(suffix) + " has other bytes than were written");
    fs::remove(file);
    EXPECT_EQ(text_of(changed_files(stem, statistics)), "slide" + std::string(suffix) + " is gone");
    core::write_text_file(file, "1234");
  }
  core::write_text_file(folder / "slide.ome.tif", "of nobody");
  EXPECT_THAT(changed_files(stem, statistics), IsEmpty());
}

/// Of statistics of older versions, which say nothing of files.
TEST(ChangedFiles, AreThoseGoneWhereNoSizesAreKnown) {
  const testing::TemporaryFolder folder;
  const fs::path stem = folder / "slide";
  SlideStatistics statistics = testing::some_statistics();
  statistics.files.clear();
  write(stem, {".tif", ".h5"}, "any size");
  const auto text = [&] { return text_of(changed_files(stem, statistics)); };
  EXPECT_EQ(text(), "");
  fs::remove(folder / "slide.h5");
  EXPECT_EQ(text(), "slide.h5 is gone");
  fs::rename(folder / "slide.tif", folder / "slide.ome.tif");
  EXPECT_EQ(text(), "slide.h5 is gone");
  fs::remove(folder / "slide.ome.tif");
  EXPECT_EQ(text(), "slide.tif is gone, slide.h5 is gone");
}

}  // namespace
}  // namespace wsi_lpd::output
