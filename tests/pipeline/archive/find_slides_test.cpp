// Which files a folder, a pattern, a list and a manifest make slides of, and what their results are called.
#include "wsi_lpd/pipeline/archive/find_slides.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "image/test_tiff.hpp"
#include "pipeline/run.hpp"
#include "slide/position_slide.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/raster_writer.hpp"
#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::pipeline::archive {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class FindSlides : public ::testing::Test {
 protected:
  FindSlides() {
    for (const char* name : {"a.tif", "sub/a.tif", "b it's.tif"}) slide(name);
    write("notes.txt", "no slide\n");
  }
  void slide(const std::string& name) const {
    fs::create_directories((archive_ / name).parent_path());
    testing::TestPage page{.size = {64, 48}, .bytes = std::vector<std::uint8_t>(64 * 48 * 3, 90)};
    page.tile = 0;
    testing::write_tiff(archive_ / name, {page});
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((archive_ / name).parent_path());
    std::ofstream(archive_ / name, std::ios::binary) << text;
  }
  FoundSlides find(const std::string& name = {}) const { return find_slides((archive_ / name).string(), output_, kNever); }
  std::vector<std::string> slides(const FoundSlides& found) const {
    std::vector<std::string> names;
    for (const segment::SlideJob& job : found.jobs) names.push_back(job.slide.lexically_relative(archive_).lexically_normal());
    return names;
  }
  std::vector<std::string> stems(const FoundSlides& found) const {
    std::vector<std::string> names;
    for (const segment::SlideJob& job : found.jobs) names.push_back(job.stem.lexically_relative(output_));
    return names;
  }
  std::map<std::string, std::size_t> left_out(const FoundSlides& found) const {
    std::map<std::string, std::size_t> counts;
    for (const auto& [kind, files] : found.left_out) counts[kind] = files.size();
    return counts;
  }
  std::string refusal(const std::string& name) const {
    try {
      find(name);
    } catch (const core::UsageError& error) {
      return error.what();
    }
    return "none";
  }
  std::string refusal_of_manifest(const std::string& text) const {
    write("manifest.csv", text);
    return refusal("manifest.csv");
  }

  testing::TemporaryFolder folder_;
  fs::path archive_ = folder_ / "archive";
  fs::path output_ = folder_ / "out";
};

TEST_F(FindSlides, AFolderIsSearchedThroughAndKeepsItsFolders) {
  const FoundSlides found = find();
  EXPECT_THAT(stems(found), ElementsAre("a", "b it's", "sub/a"));
  EXPECT_THAT(left_out(found), ElementsAre(Pair(".txt", 1)));
}

TEST_F(FindSlides, WhatIsNoSlideIsCountedByKind) {
  image::write_png(archive_ / "picture.png", core::Image(64, 64, 3, 90));
  image::write_jpeg(archive_ / "picture.JPG", core::Image(64, 64, 3, 90));
  image::PyramidOptions options;
  options.tile = 64;
  image::RasterWriter mask(archive_ / "mask.tif", {64, 64}, 1, options);
  mask.add_rows(core::Image(64, 64, 1, 1).data(), 64);
  mask.finish();
  write(".a.tif.part", "II*");
  write("README", "words");
  slide(".hidden/c.tif");
  slide("report/c.tif");
  write(std::string("report/") + output::kReportMark, "");
  ASSERT_EQ(mkfifo((archive_ / "pipe.svs").c_str(), 0600), 0);
  output_ = archive_ / "results";
  slide("results/c.tif");
  const FoundSlides found = find();
  EXPECT_THAT(slides(found), ElementsAre("a.tif", "b it's.tif", "sub/a.tif"));
  EXPECT_EQ(left_out_text(found),
            "1 .jpg, 1 .png, 1 .txt, 1 file without ending, 1 hidden, 1 hidden folder, 1 mask or label image, 1 output folder, 1 report, "
            "1 special file");
}

TEST_F(FindSlides, WhatHasASlidesEndingIsAttempted) {
  const std::vector<std::string> bad{"cut.tiff", "empty.ndpi", "gone.svs", "nofolder.mrxs", "scan.isyntax", "scan.zarr", "text.SVS"};
  write("cut.tiff", "II*");
  write("empty.ndpi", "");
  fs::create_symlink("/nonexistent/gone.svs", archive_ / "gone.svs");
  image::write_jpeg(archive_ / "nofolder.mrxs", core::Image(64, 64, 3, 90));
  write("scan.isyntax", "<DataObject");
  write("scan.zarr/0/0/0", "chunk");
  write("text.SVS", "words");
  std::vector<std::string> all{"a.tif", "b it's.tif", "sub/a.tif"};
  all.insert(all.end(), bad.begin(), bad.end());
  std::ranges::sort(all);
  EXPECT_EQ(slides(find()), all);

  std::string list, manifest = "slide\n";
  for (const std::string& name : all) {
    list += name + "\n";
    manifest += name + "\n";
  }
  write("list.txt", list);
  write("manifest.csv", manifest);
  EXPECT_EQ(slides(find("list.txt")), all);
  EXPECT_EQ(slides(find("manifest.csv")), all);
  std::erase_if(all, [](const std::string& name) { return name == "sub/a.tif"; });
  const FoundSlides matched = find("*");
  EXPECT_EQ(slides(matched), all);
  EXPECT_THAT(left_out(matched), UnorderedElementsAre(Pair(".txt", 2), Pair(".csv", 1), Pair("folder", 1)));
}

TEST_F(FindSlides, WhatIsNamedIsTakenWhateverItIs) {
  image::write_png(archive_ / "picture.png", core::Image(64, 64, 3, 90));
  write("list.txt", "picture.png\n");
  for (const char* source : {"picture.png", "*.png", "list.txt"}) EXPECT_THAT(slides(find(source)), ElementsAre("picture.png")) << source;
  EXPECT_THAT(refusal("pict*"), HasSubstr("what matches this pattern is no slide (left out: 1 .png)"));
}

TEST_F(FindSlides, AFileThatIsReachedTwiceIsOneSlide) {
  fs::create_symlink("sub/a.tif", archive_ / "A link.tif");
  fs::create_hard_link(archive_ / "a.tif", archive_ / "sub/z.tif");
  fs::create_directory_symlink(archive_ / "sub", archive_ / "again");
  slide("../elsewhere/d.tif");
  fs::create_directory_symlink(folder_ / "elsewhere", archive_ / "mounted");
  fs::create_directory_symlink(archive_, folder_ / "elsewhere/round");
  const FoundSlides found = find();
  EXPECT_THAT(stems(found), ElementsAre("a", "b it's", "mounted/d", "sub/a"));
  EXPECT_THAT(found.notes, UnorderedElementsAre((archive_ / "A link.tif").string() + " is the same file as " +
                                                    (archive_ / "sub/a.tif").string() + ": it is done once, under that name",
                                                (archive_ / "sub/z.tif").string() + " is the same file as " +
                                                    (archive_ / "a.tif").string() + ": it is done once, under that name",
                                                (archive_ / "again").string() + " is a link to a folder that is searched already",
                                                (archive_ / "mounted/round").string() + " is a link to a folder that is searched already"));
  write("list.txt", "a.tif\nsub/../a.tif\nmissing.svs\nmissing.svs\n");
  const FoundSlides listed = find("list.txt");
  EXPECT_THAT(slides(listed), ElementsAre("a.tif", "missing.svs"));
  EXPECT_THAT(listed.notes, ElementsAre(HasSubstr("sub/../a.tif is the same file as"), HasSubstr("missing.svs is named twice")));
}

/// File systems list a folder's entries in orders of their own; each process must come to the same names.
TEST_F(FindSlides, OfSeveralLinksToAFolderTheFirstByNameCounts) {
  slide("../elsewhere/d.tif");
  for (const std::string order : {"abcdef", "fedcba", "cafebd"}) {
    for (const char name : order) fs::create_directory_symlink(folder_ / "elsewhere", archive_ / ("link-" + std::string(1, name)));
    EXPECT_THAT(stems(find()), ElementsAre("a", "b it's", "link-a/d", "sub/a")) << order;
    for (const char name : order) fs::remove(archive_ / ("link-" + std::string(1, name)));
  }
}

TEST_F(FindSlides, AListHasASlideALine) {
  write("list.txt", "\xef\xbb\xbf# the good ones\n \ta.tif  \n\nb it's.tif\r\n  # none\n  \n");
  EXPECT_THAT(slides(find("list.txt")), ElementsAre("a.tif", "b it's.tif"));
  EXPECT_THAT(slides(find("*.tif")), ElementsAre("a.tif", "b it's.tif"));
  EXPECT_THAT(refusal("*.svs"), HasSubstr("no file matches it as a pattern"));
  EXPECT_THAT(refusal("nowhere"), HasSubstr("no such folder, list or slide"));
  fs::remove_all(archive_ / "sub");
  for (const char* name : {"a.tif", "b it's.tif"}) fs::remove(archive_ / name);
  EXPECT_THAT(refusal(""), HasSubstr("no slide was found in this folder (left out: 2 .txt)"));
}

TEST_F(FindSlides, EndingsOfListsAndManifestsMayBeInCapitals) {
  write("LIST.TXT", "a.tif\n");
  EXPECT_THAT(slides(find("LIST.TXT")), ElementsAre("a.tif"));
  write("MANIFEST.CSV", "slide\nsub/a.tif\n");
  EXPECT_THAT(slides(find("MANIFEST.CSV")), ElementsAre("sub/a.tif"));
}

TEST_F(FindSlides, AManifestIsReadAsSpreadsheetsSaveIt) {
  for (const char* text : {"slide, MPP\na.tif, 0.25\n", "\xef\xbb\xbfSlide;mpp\r\na.tif;0,25\r\n", "mpp\tslide\n0.25\ta.tif\n\n",
                           "slide,mpp\na.tif,0.25\na.tif,0.25\n"}) {
    write("manifest.csv", text);
    const FoundSlides found = find("manifest.csv");
    ASSERT_EQ(found.jobs.size(), 1U) << text;
    EXPECT_EQ(found.jobs[0].mpp, 0.25) << text;
  }
  write("manifest.csv", "slide,mpp\n\"a.tif\",0.25\nb it's.tif,\n");
  EXPECT_FALSE(find("manifest.csv").jobs[1].mpp);
  EXPECT_THAT(refusal_of_manifest("slide,um_per_px\na.tif,0.25\n"),
              HasSubstr("unknown column 'um_per_px'; a manifest has the columns slide and, if wanted, mpp"));
  EXPECT_THAT(refusal_of_manifest("slide,mpp,MPP\na.tif,0.25,1\n"), HasSubstr("two columns are called 'MPP'"));
  EXPECT_THAT(refusal_of_manifest("mpp\n0.25\n"), HasSubstr("names no column 'slide'"));
  EXPECT_THAT(refusal_of_manifest("slide,mpp\n,0.25\n"), HasSubstr("line 2: no slide is named"));
  for (const char* mpp : {"wide", "0", "-1", "250", "0.049"}) {
    write("manifest.csv", std::string("slide,mpp\na.tif,") + mpp + "\nb it's.tif,0.25\n");
    const FoundSlides found = find("manifest.csv");
    ASSERT_EQ(found.jobs.size(), 2U);
    EXPECT_THAT(found.jobs[0].failure,
                HasSubstr(std::string("manifest.csv line 2: mpp '") + mpp + "' is no number of um per pixel from 0.05 to 10"));
    EXPECT_EQ(found.jobs[1].failure, "");
  }
  EXPECT_THAT(refusal_of_manifest("slide,mpp\na.tif,0.25\n./a.tif,0.5\n"),
              AllOf(HasSubstr("manifest.csv line 3: "), HasSubstr("line 2 with another mpp")));
  fs::create_symlink("a.tif", archive_ / "0.tif");
  EXPECT_THAT(refusal_of_manifest("slide,mpp\n0.tif,0.25\na.tif,0.5\n"), HasSubstr("which is the same file"));
}

TEST_F(FindSlides, AManifestNamesResults) {
  write("manifest.csv", "slide,name\na.tif,case1/slide\nsub/a.tif,case2/slide\nb it's.tif,\n");
  EXPECT_THAT(stems(find("manifest.csv")), ElementsAre("case1/slide", "b it's", "case2/slide"));
  for (const char* name : {"../up", "/etc/x", "case1/", ".hidden", "a/../b"})
    EXPECT_THAT(refusal_of_manifest(std::string("slide,name\na.tif,") + name + "\n"), HasSubstr("line 2: name '" + std::string(name)));
  EXPECT_THAT(refusal_of_manifest("slide,name\na.tif,x\nsub/a.tif,x\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("out/x, as those of"), HasSubstr("a.tif: give them names")));
}

TEST_F(FindSlides, SlidesThatWouldShareANameKeepTheirFolders) {
  slide("case1/slide.tif");
  slide("case2/slide.tif");
  slide("case2/slide.ndpi");
  write("list.txt", "case1/slide.tif\ncase2/slide.tif\nb it's.tif\n");
  EXPECT_THAT(stems(find("list.txt")), ElementsAre("b it's", "case1/slide", "case2/slide"));
  EXPECT_THAT(stems(find("case*/slide.tif")), ElementsAre("case1/slide", "case2/slide"));
  EXPECT_THAT(stems(name_results({archive_ / "case2/slide.tif", archive_ / "a.tif", archive_ / "sub/a.tif"}, output_, kNever)),
              ElementsAre("a", "slide", "sub/a"));
  EXPECT_THAT(stems(find("case*/*")), ElementsAre("case1/slide", "case2/slide.ndpi", "case2/slide.tif"));
  fs::copy_file(archive_ / "a.tif", archive_ / "a.tiff");
  EXPECT_THAT(stems(find()), ElementsAre("a.tif", "a.tiff", "b it's", "case1/slide", "case2/slide.ndpi", "case2/slide.tif", "sub/a"));
}

TEST_F(FindSlides, NoSlideHasTheFilesOfAnotherOrOfTheBatch) {
  slide("run.tif");
  slide("case1/run.tif");
  slide("a.probabilities.tif");
  EXPECT_THAT(stems(find()), ElementsAre("a.probabilities.tif", "a.tif", "b it's", "case1/run", "run.tif", "sub/a"));
  EXPECT_THAT(refusal_of_manifest("slide,name\na.tif,run\n"), HasSubstr("out/run, as those of the batch itself"));
  EXPECT_THAT(refusal_of_manifest("slide,name\na.tif,x\nsub/a.tif,x.probabilities\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("out/x.probabilities, as those of"), HasSubstr("a.tif: give them names")));
  slide("journal/c.tif");
  EXPECT_THAT(refusal(""), AllOf(HasSubstr("journal/c.tif: its results"), HasSubstr("as those of the batch itself")));
}

TEST_F(FindSlides, StopsWhereItSearches) {
  const core::CancelFlag stopped{true};
  EXPECT_THROW(find_slides(archive_, output_, stopped), core::Cancelled);
  EXPECT_THROW(find_slides((archive_ / "*.tif").string(), output_, stopped), core::Cancelled);
}

TEST_F(FindSlides, NoResultOverwritesASlide) {
  EXPECT_THROW(find_slides(archive_, archive_, kNever), core::UsageError);
  EXPECT_THROW(name_results({archive_ / "a.tif"}, archive_, kNever), core::UsageError);
  slide("c.ome.tif");
  EXPECT_THAT(stems(name_results({archive_ / "c.ome.tif"}, output_, kNever)), ElementsAre("c")) << "c.ome.tif is a label pyramid's name";
  EXPECT_THROW(name_results({archive_ / "c.ome.tif"}, archive_, kNever), core::UsageError) << "the slide would be removed";
  slide("sub/c.tif");
  EXPECT_THROW(name_results({archive_ / "sub/c.tif"}, archive_, kNever), core::UsageError) << "another slide would be removed";
}

}  // namespace
}  // namespace wsi_lpd::pipeline::archive
