#include <sys/wait.h>

#include "patch_tables.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

TEST(PatchTables, KeepLinesOfProcessesThatAddAtOnce) {
  const testing::TemporaryFolder folder;
  PatchTables(folder / "patches", {"a"}).begin();
  std::vector<pid_t> children;
  for (int child = 0; child < 3; ++child) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    PatchTables tables(folder / "patches", {"a"});
    for (int i = 0; i < 10; ++i) {
      const std::int64_t at = 100 * child + i;
      tables.add(
          {{.file = patch_file("slide", at, 0, 64), .slide = "slide.svs", .slide_fingerprint = "1", .x = at, .side = 64, .size = 64}});
    }
    _exit(0);
  }
  for (const pid_t child : children) {
    int status = 1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  for (const char* table : {"labels.csv", "patches.csv"}) {
    std::set<std::string> files;
    for (const core::CsvTable::Row& row : core::CsvTable::read(folder / "patches" / table).rows) files.insert(row.fields[0]);
    EXPECT_EQ(files.size(), 30U) << table << ": each patch";
  }
}

TEST(PatchTables, AddNoCommasToATableOfSemicolons) {
  const testing::TemporaryFolder folder;
  PatchTables(folder / "patches", {"a"}).begin();
  core::write_text_file(folder / "patches/labels.csv", "file;a\ntrain/x.png;1\n");
  std::filesystem::create_directories(folder / "other");
  PatchTables(folder / "other", {"a"})
      .add({{.file = patch_file("slide", 0, 0, 64), .slide = "s.svs", .slide_fingerprint = "1", .side = 64, .size = 64}});
  std::filesystem::copy_file(folder / "other/patches.csv", folder / "patches/patches.csv",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THROW(PatchTables(folder / "patches", {"a"}), core::UsageError);
  core::write_text_file(folder / "patches/labels.csv",
                        "\xEF\xBB\xBF"
                        "File, a\ntrain/x.png,1\n");
  EXPECT_TRUE(PatchTables(folder / "patches", {"a"}).has("train/x.png"));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::review
