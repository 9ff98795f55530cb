#include "wsi_lpd/core/file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {
namespace {

TEST(PartFile, LeavesNothingUnlessCommitted) {
  const testing::TemporaryFolder folder;
  {
    const PartFile part(folder / "a");
    std::ofstream(part.path()) << "half";
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  PartFile part(folder / "a");
  std::ofstream(part.path()) << "whole";
  part.commit();
  EXPECT_EQ(read_text_file(folder / "a"), "whole");
}

TEST(PartFile, HasANameOfItsOwn) {
  const std::filesystem::path file = "results/slide one.tif";
  const std::filesystem::path part = part_path(file), another = part_path(file);
  EXPECT_NE(part, another);
  EXPECT_EQ(part.parent_path(), "results");
  EXPECT_THAT(part.filename().string(),
              ::testing::MatchesRegex("slide one\\.tif\\.[A-Za-z0-9_-]+-" + std::to_string(getpid()) + "-[0-9a-f]{8}\\.part"));
  EXPECT_EQ(final_path(part), file);
  EXPECT_EQ(final_path("slide.tif.node-7.cluster-12-0123abcd.part"), "slide.tif.node-7") << "no name of ours has a point in its host";
  EXPECT_EQ(final_path("slide.tif.node-7-12-0123abcd.part"), "slide.tif");
  EXPECT_EQ(final_path("slide.tif.part"), "slide.tif");
  EXPECT_EQ(final_path("slide-1-2.tif.part"), "slide-1-2.tif");
  EXPECT_EQ(final_path("slide.tif"), "");
  EXPECT_TRUE(is_part_of(part, file));
  EXPECT_FALSE(is_part_of(part, "results/slide two.tif"));
  EXPECT_FALSE(is_part_of(part, "slide one.tif"));
}

/// File systems allow names of 255 bytes; the part of such a file has a name, too, and is told from others'.
TEST(PartFile, HasANameWhereTheFilesIsAsLongAsItMayBe) {
  const testing::TemporaryFolder folder;
  for (std::size_t length = 190; length <= 255; ++length) {
    std::string name;
    while (name.size() + 2 + 22 <= length) name += "\u00e4";
    name = std::string(length - 22 - name.size(), 'x') + name + ".probabilities.ome.tif";
    ASSERT_EQ(name.size(), length);
    write_text_file(folder / name, "text", Durable::No);
    const std::filesystem::path part = part_path(folder / name);
    std::ofstream(part) << "part";
    EXPECT_TRUE(std::filesystem::exists(part)) << length;
    EXPECT_TRUE(is_part_of(part, folder / name)) << length;
    EXPECT_FALSE(is_part_of(part, folder / ("y" + name.substr(1)))) << length;
    EXPECT_THAT(final_path(part).string(), ::testing::EndsWith(".probabilities.ome.tif"));
    const std::string text = part.filename().string();
    for (std::size_t i = 0; i + 1 < text.size(); ++i)  // no character is cut in two
      EXPECT_EQ(text[i] == '\xC3', (static_cast<unsigned char>(text[i + 1]) & 0xC0) == 0x80) << text;
    std::filesystem::remove(part);
  }
}

TEST(PartFile, OfAKilledProcessIsRemovedWhenItIsOld) {
  using namespace std::chrono_literals;
  const testing::TemporaryFolder folder;
  const auto of_age = [&](const std::filesystem::path& file, std::chrono::seconds age) {
    std::ofstream(file) << "x";
    std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) - age);
    return file;
  };
  const auto old = of_age(part_path(folder / "summary.csv"), 700s), young = of_age(part_path(folder / "summary.csv"), 500s);
  const auto other = of_age(part_path(folder / "other.csv"), 700s), whole = of_age(folder / "summary.csv", 700s);
  remove_old_parts(folder / "summary.csv", 600s);
  EXPECT_FALSE(std::filesystem::exists(old));
  for (const auto& file : {young, other, whole}) EXPECT_TRUE(std::filesystem::exists(file)) << file;
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 3);
}

TEST(PartFolder, ReplacesAFolderAsAWhole) {
  const testing::TemporaryFolder folder;
  for (const char* text : {"old", "new"}) {
    PartFolder part(folder / "a");
    const PartFolder another(folder / "a");
    write_text_file(part.path() / text, text);
    part.commit();
  }
  EXPECT_EQ(read_text_file(folder / "a/new"), "new");
  EXPECT_FALSE(std::filesystem::exists(folder / "a/old"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(PartFile, NeedNotBeDurableToBeWhole) {
  const testing::TemporaryFolder folder;
  write_text_file(folder / "a", "old");
  {
    const PartFile part(folder / "a", Durable::No);
    std::ofstream(part.path()) << "half";
  }
  EXPECT_EQ(read_text_file(folder / "a"), "old");
  write_text_file(folder / "a", "new", Durable::No);
  EXPECT_EQ(read_text_file(folder / "a"), "new");
  EXPECT_THROW(write_text_file(folder / "none" / "a", "text", Durable::No), Error);
  PartFile never_written(folder / "b", Durable::No);
  EXPECT_THROW(never_written.commit(), Error);
}

TEST(PartFile, TakesThePlaceOfNoPipe) {
  const testing::TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("pipe", folder / "link");
  for (const char* name : {"pipe", "link"}) EXPECT_THROW(write_text_file(folder / name, "text"), Error);
  EXPECT_TRUE(std::filesystem::is_fifo(folder / "pipe"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()), 2);
}

TEST(TextFile, NamesPathAndReasonWhenItCannotBeWritten) {
  try {
    write_text_file("/nonexistent-folder/file", "text");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "writing /nonexistent-folder/file: No such file or directory");
  }
}

TEST(TextFile, LeavesNothingWhenTheDiskIsFull) {
  const testing::TemporaryFolder folder;
  write_text_file(folder / "a", "old");
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  const struct rlimit small { 1000, before.rlim_max };
  std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_text_file(folder / "a", std::string(100000, 'x')), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(read_text_file(folder / "a"), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "no part is left";
}

}  // namespace
}  // namespace wsi_lpd::core
