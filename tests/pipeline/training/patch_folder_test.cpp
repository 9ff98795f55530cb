#include "wsi_lpd/pipeline/training/patch_folder.hpp"

#include <algorithm>
#include <fstream>

#include "test_data.hpp"

namespace wsi_lpd::pipeline::training {
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

/// What the error says of a folder, empty where there is none.
std::string refusal(const std::filesystem::path& folder, const ScanOptions& options = {}) {
  try {
    scan_patches(folder, options);
    return {};
  } catch (const core::Error& error) {
    return error.what();
  }
}

TEST(ScanPatches, ReadsDigitsWithSeparators) {
  const TemporaryFolder folder;
  for (const char* name : {"a-[1 0 0].png", "b-[0, 1, 0].png", "c[0,0,1].png", "d[101].png"}) touch(folder.path() / "train" / name);
  const PatchFolder patches = scan_patches(folder.path());
  ASSERT_EQ(patches.train.size(), 4U);
  EXPECT_EQ(patches.train[0].labels, (std::vector<float>{1, 0, 0}));
  EXPECT_EQ(patches.train[1].labels, (std::vector<float>{0, 1, 0}));
  EXPECT_EQ(patches.train[2].labels, (std::vector<float>{0, 0, 1}));
  EXPECT_EQ(patches.train[3].labels, (std::vector<float>{1, 0, 1}));
}

TEST(ScanPatches, ReadsAFolderOfEachClass) {
  const TemporaryFolder folder;
  for (const char* name : {"TUM/a.png", "TUM/patient/b.png", "STR/a.png"}) touch(folder.path() / "train" / name);
  EXPECT_EQ(scan_patches(folder.path()).class_names, (std::vector<std::string>{"STR", "TUM"}));
  const PatchFolder patches = scan_patches(folder.path(), {.classes = {"TUM", "LYM", "STR"}});
  EXPECT_EQ(patches.class_names, (std::vector<std::string>{"TUM", "LYM", "STR"}));
  ASSERT_EQ(patches.train.size(), 3U);
  EXPECT_EQ(patches.train[0].labels, (std::vector<float>{0, 0, 1})) << patches.train[0].image;
  EXPECT_EQ(patches.train[2].labels, (std::vector<float>{1, 0, 0})) << patches.train[2].image;
  EXPECT_THAT(refusal(folder.path(), {.classes = {"TUM", "FAT"}}), ::testing::HasSubstr("has the classes STR, TUM"));
}

TEST(ScanPatches, ReadsNestedFolders) {
  const TemporaryFolder folder;
  for (const char* name : {"train/a[10].png", "train/more/b[01].png", "valid/img/x/v.png", "valid/mask/x/v.png"}) touch(folder / name);
  const PatchFolder patches = scan_patches(folder.path());
  EXPECT_EQ(patches.train.size(), 2U);
  ASSERT_EQ(patches.valid.size(), 1U);
  EXPECT_EQ(patches.valid[0].mask, folder / "valid/mask/x/v.png");
}

TEST(ScanPatches, ReadsNamesOfClassesInATable) {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "b.png", "c.png", "d.png"}) touch(folder / name);
  std::ofstream(folder / "labels.csv") << "\xEF\xBB\xBF"
                                          "File\tLabel\na.png\tTUM\nb.png\tSTR ; TUM\nc.png\tSTR\nc.png\tnormal mucosa\nd\tSTR TUM\n";
  const PatchFolder patches = scan_patches(folder.path());
  EXPECT_EQ(patches.class_names, (std::vector<std::string>{"STR", "TUM", "normal mucosa"}));
  ASSERT_EQ(patches.train.size(), 4U);
  EXPECT_EQ(patches.train[0].labels, (std::vector<float>{0, 1, 0}));
  EXPECT_EQ(patches.train[1].labels, (std::vector<float>{1, 1, 0}));
  EXPECT_EQ(patches.train[2].labels, (std::vector<float>{1, 0, 1}));
  EXPECT_EQ(patches.train[3].labels, (std::vector<float>{1, 1, 0}));
  EXPECT_THAT(refusal(folder.path(), {.classes = {"TUM", "STR"}}),
              ::testing::HasSubstr("labels.csv line 5: label 'normal mucosa' is none of the classes TUM, STR"));
}

TEST(ScanPatches, MatchesColumnsByName) {
  const TemporaryFolder folder;
  touch(folder / "a.png");
  std::ofstream(folder / "labels.csv") << "file; dog ; Cat\na.png;1;0\n";
  const PatchFolder patches = scan_patches(folder.path(), {.classes = {"cat", "dog"}});
  EXPECT_EQ(patches.class_names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(patches.train[0].labels, (std::vector<float>{0, 1}));
  EXPECT_THAT(patches.notes[0], ::testing::HasSubstr("matched by name"));
  EXPECT_EQ(scan_patches(folder.path()).class_names, (std::vector<std::string>{"dog", "Cat"}));
  EXPECT_THAT(refusal(folder.path(), {.classes = {"cat", "dog", "cow"}}), ::testing::HasSubstr("the same names are wanted"));
}

TEST(ScanPatches, RefusesWhatContradictsItself) {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "x/b.png", "y/b.png", "y/c.png"}) touch(folder / name);
  const auto refused = [&](const std::string& table) {
    std::ofstream(folder / "labels.csv") << table;
    return refusal(folder.path(), {.skip_unusable = true});
  };
  EXPECT_THAT(refused("file,A,B\na.png,1,0\nc.png,1,1\na.png,0,1\n"),
              ::testing::HasSubstr("labels.csv line 4: a.png has other labels than in line 2"));
  EXPECT_THAT(refused("file,A,B\nb.png,1,0\n"), ::testing::HasSubstr("line 2: 'b.png' may be "));
  EXPECT_THAT(refused("file,A,B,a \na.png,1,0,1\n"), ::testing::HasSubstr("column 4: two columns are called 'a'"));
  EXPECT_EQ(refused("file,A,B\nx/b.png,1,0\nc,1,1\nc,1,1\n"), "");
  const PatchFolder patches = scan_patches(folder.path());
  EXPECT_EQ(patches.train.size(), 2U);
  EXPECT_THAT(patches.notes[0],
              ::testing::HasSubstr("2 patches (2 in train), 3 left out: 1 in lines of labels.csv that repeat another, 2 not listed"));
}

TEST(ScanPatches, CountsWhatIsLeftOut) {
  const TemporaryFolder folder;
  for (const char* name : {"a[10].png", "b[01].png", "._a[10].png", ".DS_Store", "Thumbs.db", "c.png", "d.bmp"})
    touch(folder.path() / "train" / name);
  for (int i = 0; i < 12; ++i)
    std::filesystem::create_symlink("/absent/x.png", folder.path() / "train" / ("l" + std::to_string(i) + "[10].png"));
  const std::string refused = refusal(folder.path());
  EXPECT_EQ(std::count(refused.begin(), refused.end(), '\n'), 11) << "ten names, the number of the others, a summary: " << refused;
  EXPECT_THAT(refused, ::testing::AllOf(::testing::HasSubstr("which is not there"), ::testing::HasSubstr("and 3 more like these"),
                                        ::testing::HasSubstr("2 patches, and 13 that can't be used")));
  const PatchFolder patches = scan_patches(folder.path(), {.skip_unusable = true});
  EXPECT_EQ(patches.train.size(), 2U);
  EXPECT_EQ(patches.unusable.size(), 13U);
  EXPECT_THAT(patches.notes[0],
              ::testing::HasSubstr("2 patches (2 in train), 15 left out: 1 .bmp, 1 hidden, 12 with a link whose target is "
                                   "missing, 1 without a label"));
}

TEST(ScanPatches, TakesMasksAloneWhereNoLabelsAreNeeded) {
  const TemporaryFolder folder;
  for (const char* name : {"test/img/a.png", "test/mask/a.png"}) touch(folder / name);
  EXPECT_THAT(refusal(folder.path()), ::testing::HasSubstr("evaluate and calibrate"));
  for (const ImageLabels labels : {ImageLabels::IfThere, ImageLabels::Unused})
    EXPECT_EQ(scan_patches(folder.path(), {.image_labels = labels}).test.size(), 1U);
  touch(folder / "train/unlabelled.png");
  EXPECT_NE(refusal(folder.path(), {.image_labels = ImageLabels::IfThere}), "");
  EXPECT_EQ(refusal(folder.path(), {.image_labels = ImageLabels::Unused}), "");
}

TEST(ScanPatches, SaysWhenThereIsNothing) {
  const TemporaryFolder folder;
  EXPECT_THROW(scan_patches(folder.path()), core::UsageError);
  EXPECT_THROW(scan_patches(folder / "absent"), core::UsageError);
  touch(folder / "file");
  EXPECT_THROW(scan_patches(folder / "file"), core::UsageError);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
