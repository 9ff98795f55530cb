#include "wsi_lpd/pipeline/patch_folder.hpp"

#include <fstream>
#include <sstream>

#include "test_data.hpp"

namespace wsi_lpd::pipeline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
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

std::vector<std::string> problems_of(const std::filesystem::path& folder) {
  try {
    scan_patches(folder);
  } catch (const Error& error) {
    std::istringstream lines(error.what());
    std::vector<std::string> problems;
    for (std::string line; std::getline(lines, line);) problems.push_back(line);
    return problems;
  }
  return {};
}

void write(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

TEST(ScanPatches, ReadsDigitsWithBlanksAndCommas) {
  const TemporaryFolder folder;
  for (const char* name : {"a-[1 0 0 1].png", "b[1, 0, 0, 0].png", "c[0,1,1,0].jpg", "d [0011].tif"}) touch(folder / name);
  const PatchFolder patches = scan_patches(folder.path());
  ASSERT_EQ(patches.train.size(), 4U);
  EXPECT_EQ(patches.train[0].labels, (std::vector<float>{1, 0, 0, 1}));
  EXPECT_EQ(patches.train[1].labels, (std::vector<float>{1, 0, 0, 0}));
  EXPECT_EQ(patches.train[2].labels, (std::vector<float>{0, 1, 1, 0}));
  EXPECT_EQ(patches.train[3].labels, (std::vector<float>{0, 0, 1, 1}));
}

TEST(ScanPatches, SearchesFoldersAndSkipsWhatSystemsLeave) {
  const TemporaryFolder folder;
  for (const char* name : {"train/a[10].png", "train/more/deep/b[01].png", "train/._a[10].png", "train/Thumbs.db", "train/.DS_Store",
                           "train/notes.txt", "valid/img/sub/v.png", "valid/img/._v.png", "valid/mask/sub/v.png"})
    touch(folder / name);
  touch(folder / "elsewhere/c[11].png");
  std::filesystem::create_directory_symlink(folder / "elsewhere", folder / "train/linked");
  std::filesystem::create_directory_symlink(folder / "train", folder / "train/round");
  const PatchFolder patches = scan_patches(folder.path());
  EXPECT_EQ(patches.train.size(), 3U);
  EXPECT_EQ(patches.valid.size(), 1U);
  EXPECT_THAT(patches.notes, ElementsAre(HasSubstr("train: left out: 1 .txt, 3 hidden"), HasSubstr("2 of 3 images lie in folders below it"),
                                         HasSubstr("img: left out: 1 hidden"), HasSubstr("1 of 1 images lie")));
}

TEST(ScanPatches, FoldersAreClassesWhereNamesHaveNoDigits) {
  const TemporaryFolder folder;
  for (const char* name : {"train/TUM/a.png", "train/TUM/b.png", "train/STR/c.png", "train/STR/x/d.png"}) touch(folder / name);
  const PatchFolder patches = scan_patches(folder.path());
  EXPECT_EQ(patches.class_names, (std::vector<std::string>{"STR", "TUM"}));
  ASSERT_EQ(patches.train.size(), 4U);
  EXPECT_EQ(patches.train[0].labels, (std::vector<float>{1, 0}));  // STR/c.png
  EXPECT_EQ(patches.train[3].labels, (std::vector<float>{0, 1}));
  EXPECT_THAT(patches.notes, Contains(HasSubstr("are taken as classes: STR, TUM")));
  touch(folder / "train/loose.png");
  EXPECT_THAT(problems_of(folder.path()), SizeIs(5)) << "neither layout: every image is named";
}

TEST(ScanPatches, TablesAreReadAsSpreadsheetsSaveThem) {
  const TemporaryFolder folder;
  touch(folder / "a.png");
  touch(folder / "train/b.png");
  touch(folder / "train/deep/c.png");
  for (const char* text :
       {"file, dog , cat\na.png, 1, 0\nb.png,0,1\nc.png,1,1\n",
        "\xef\xbb\xbf"
        "File;dog;cat\r\na.png;1;0\r\nb.png;0;1\r\nc.png;1;1\r\n",
        "file\tdog\tcat\na.png\t1\t0\nb.png\t0\t1\ndeep/c.png\t1\t1\n\n", "file,dog,cat\na.png,1,0\nb.png,0,1\nc.png,1,1\na.png,1,0\n"}) {
    write(folder / "labels.csv", text);
    const PatchFolder patches = scan_patches(folder.path());
    EXPECT_EQ(patches.class_names, (std::vector<std::string>{"dog", "cat"})) << text;
    ASSERT_EQ(patches.train.size(), 3U) << text;
    EXPECT_EQ(patches.train[0].labels, (std::vector<float>{1, 0})) << text;
    EXPECT_EQ(patches.train[2].labels, (std::vector<float>{1, 1})) << text;
    EXPECT_EQ(patches.train[2].image, folder / "train/deep/c.png") << text;
  }
}

TEST(ScanPatches, TablesMayNameClasses) {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "b.png", "c.png", "d.png"}) touch(folder / name);
  write(folder / "labels.csv", "file,label\na.png,TUM\nb.png,STR | normal gland\nc.png,\"TUM, STR\"\nd.png,TUM\nd.png,STR\n");
  const PatchFolder patches = scan_patches(folder.path());
  EXPECT_EQ(patches.class_names, (std::vector<std::string>{"STR", "TUM", "normal gland"}));
  ASSERT_EQ(patches.train.size(), 4U);
  EXPECT_EQ(patches.train[0].labels, (std::vector<float>{0, 1, 0}));
  EXPECT_EQ(patches.train[1].labels, (std::vector<float>{1, 0, 1}));
  EXPECT_EQ(patches.train[2].labels, (std::vector<float>{1, 1, 0}));
  EXPECT_EQ(patches.train[3].labels, (std::vector<float>{1, 1, 0}));
  EXPECT_THAT(patches.notes, Contains(HasSubstr("1 images have several lines")));
}

TEST(ScanPatches, ContradictionsAndAmbiguitiesOfTablesAreNamed) {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "x/b.png", "y/b.png"}) touch(folder / name);
  const auto problems = [&](const std::string& text) {
    write(folder / "labels.csv", text);
    return problems_of(folder.path());
  };
  EXPECT_THAT(problems("file,dog,cat\na.png,1,0\na.png,0,1\n"), ElementsAre(HasSubstr("line 3: a.png stands in line 2 with other labels")));
  EXPECT_THAT(problems("file,dog,cat\na.png,1,0\n./a.png,0,1\n"), ElementsAre(HasSubstr("line 3: ./a.png stands in line 2")));
  EXPECT_THAT(problems("file,dog,cat\nb.png,1,0\n"), ElementsAre(HasSubstr("line 2: b.png is there twice (")));
  EXPECT_THAT(problems("file,dog,dog\na.png,1,0\n"), ElementsAre(HasSubstr("two columns are called 'dog'")));
  EXPECT_THAT(problems("image,dog,cat\na.png,1,0\n"),
              ElementsAre(HasSubstr("the first column is 'image'; its columns must be file,CLASS")));
  write(folder / "labels.csv", "file,dog,cat\na.png,1,0\n");
  EXPECT_THAT(scan_patches(folder.path()).notes,
              Contains(HasSubstr("2 images that " + (folder / "labels.csv").string() + " does not list are left out: x/b.png, y/b.png")));
}

TEST(ScanPatches, LinksToNothingAreNamed) {
  const TemporaryFolder folder;
  touch(folder / "train/a[10].png");
  std::filesystem::create_symlink("/not/mounted/x.png", folder / "train/b[01].png");
  EXPECT_THAT(problems_of(folder.path()), ElementsAre(HasSubstr("b[01].png: is a link to /not/mounted/x.png, which is not there")));
}

TEST(ScanPatches, TenProblemsAreNamedAndTheRestCounted) {
  const TemporaryFolder folder;
  for (int i = 0; i < 25; ++i) touch(folder / ("p" + std::to_string(i) + ".png"));
  const std::vector<std::string> problems = problems_of(folder.path());
  ASSERT_EQ(problems.size(), 11U);
  EXPECT_EQ(problems.back(), "and 15 more problems like these");
}

TEST(ScanPatches, ValidationOrTestImagesAreEnough) {
  const TemporaryFolder folder;
  for (const char* name : {"test/img/a.png", "test/mask/a.png"}) touch(folder / name);
  const PatchFolder patches = scan_patches(folder.path());
  EXPECT_TRUE(patches.train.empty());
  EXPECT_EQ(patches.test.size(), 1U);
  EXPECT_EQ(patches.classes, 0);
}

TEST(ScanPatches, ClassesAreReorderedByName) {
  PatchFolder patches{.train = {{"a.png", {}, {1, 0, 0}}}, .classes = 3, .class_names = {"A", "B", "C"}};
  reorder_classes(patches, {"C", "A", "B"});
  EXPECT_EQ(patches.train[0].labels, (std::vector<float>{0, 1, 0}));
  EXPECT_EQ(patches.class_names, (std::vector<std::string>{"C", "A", "B"}));
  EXPECT_THAT(patches.notes, ElementsAre(HasSubstr("(A B C) are put in the order C A B")));
  reorder_classes(patches, {"C", "A", "X"});
  EXPECT_EQ(patches.class_names, (std::vector<std::string>{"C", "A", "B"})) << "other names change nothing";
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
