#include "wsi_lpd/core/file.hpp"

#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd {
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
  EXPECT_FALSE(std::filesystem::exists(folder / "a.part"));
}

}  // namespace
}  // namespace wsi_lpd
