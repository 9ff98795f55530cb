#include "wsi_lpd/pipeline/patch_folder.hpp"

#include <fstream>

#include "test_data.hpp"

namespace wsi_lpd::pipeline {
namespace {

using testing::TemporaryFolder;

void touch(const std::filesystem::path& file) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << "x";
}

TEST(ScanPatches, ReadsTheLayoutOfBcss) {
  const TemporaryFolder folder;
  touch(folder.path() / "training" / "p[1][0101].png");
  touch(folder.path() / "training" / "q[1000].JPG");
  touch(folder.path() / "val" / "img" / "v.png");
  touch(folder.path() / "val" / "mask" / "v.png");
  const PatchFolder patches = scan_patches(folder.path());
  EXPECT_EQ(patches.classes, 4);
  ASSERT_EQ(patches.train.size(), 2U);
  EXPECT_EQ(patches.train[0].labels, (std::vector<float>{0, 1, 0, 1}));
  EXPECT_EQ(patches.train[1].labels, (std::vector<float>{1, 0, 0, 0}));
  ASSERT_EQ(patches.valid.size(), 1U);
  EXPECT_EQ(patches.valid[0].mask, folder.path() / "val" / "mask" / "v.png");
  EXPECT_TRUE(patches.test.empty());
}

TEST(ScanPatches, ReadsAPlainFolderAndATable) {
  const TemporaryFolder folder;
  touch(folder / "a[10].png");
  touch(folder / "b.png");
  EXPECT_THROW(scan_patches(folder.path()), PatchError);
  std::ofstream(folder / "labels.csv") << "file,dog,cat\na[10].png,0,1\nb.png,1,1\n";
  const PatchFolder patches = scan_patches(folder.path());
  EXPECT_EQ(patches.class_names, (std::vector<std::string>{"dog", "cat"}));
  EXPECT_EQ(patches.train[0].labels, (std::vector<float>{0, 1}));
}

TEST(ScanPatches, NamesEveryBadImage) {
  const TemporaryFolder folder;
  for (const char* name : {"a[101].png", "b[100].png", "c[10].png", "d.png", "e[000].png", "f[12x].png"})
    touch(folder.path() / "train" / name);
  touch(folder.path() / "valid" / "img" / "v.png");
  try {
    scan_patches(folder.path());
    FAIL();
  } catch (const PatchError& error) {
    EXPECT_EQ(error.count(), 5U);
    for (const char* name : {"c[10].png", "d.png", "e[000].png", "f[12x].png", "v.png"})
      EXPECT_THAT(error.what(), ::testing::HasSubstr(name));
  }
}

TEST(ScanPatches, NamesBadLinesOfATable) {
  const TemporaryFolder folder;
  touch(folder / "a.png");
  std::ofstream(folder / "labels.csv") << "file,dog,cat\na.png,0,2\nb.png,1,0\na.png,1\n";
  try {
    scan_patches(folder.path());
    FAIL();
  } catch (const PatchError& error) {
    EXPECT_EQ(error.count(), 3U);
  }
}

TEST(ScanPatches, SaysWhenThereIsNothing) {
  const TemporaryFolder folder;
  EXPECT_THROW(scan_patches(folder.path()), UsageError);
  EXPECT_THROW(scan_patches(folder / "absent"), UsageError);
  touch(folder / "file");
  EXPECT_THROW(scan_patches(folder / "file"), UsageError);
}

}  // namespace
}  // namespace wsi_lpd::pipeline
