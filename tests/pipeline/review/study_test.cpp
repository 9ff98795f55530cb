#include "wsi_lpd/pipeline/review/study.hpp"

#include <sys/wait.h>

#include "output/results.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/output/statistics_file.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class StudyFolder : public ::testing::Test {
 protected:
  fs::path out() const { return folder_ / "out"; }

  /// Results of a slide, the share `tumour` of whose tissue is TUM.
  void add(
      const std::string& place, const std::string& slide, double tumour = 0.5,
      const std::function<void(output::SlideStatistics&)>& change = [](auto&) {}) const {
    output::SlideStatistics s = testing::some_statistics();
    s.slide = slide;
    s.per_class = {{static_cast<std::int64_t>(tumour * 1'000'000), 1, 0}, {100'000, 1, 0}, {}, {}};
    s.tissue_pixels = 1'000'000;
    change(s);
    const fs::path file = out() / (place + ".json");
    fs::create_directories(file.parent_path());
    output::write_statistics(file, s);
  }
  output::Study make(const std::string& table) const {
    core::write_text_file(folder_ / "groups.csv", table);
    core::SilentObserver observer;
    const core::CancelFlag never{false};
    return make_study(out(), folder_ / "groups.csv", {}, {observer, never});
  }
  WrittenStudy write(const std::string& table, const StudyOptions& options = {}) const {
    core::write_text_file(folder_ / "groups.csv", table);
    core::SilentObserver observer;
    const core::CancelFlag never{false};
    return write_study(out(), folder_ / "groups.csv", options, {observer, never});
  }
  void expect_refusal(const std::string& table, const std::string& words) const {
    SCOPED_TRACE(table);
    try {
      make(table);
      FAIL() << "was not refused";
    } catch (const core::UsageError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr(words), Not(HasSubstr("\n"))));
    }
  }
  testing::TemporaryFolder folder_;
};

TEST_F(StudyFolder, FindsSlidesByPathEndOfPathOrPlace) {
  add("case1/a", "archive/case1/a.svs");
  add("case2/a", "archive/case2/a.svs");
  add("b", "/data/b.ome.tif");
  add("c.svs", "c.svs");
  const std::vector<std::pair<std::string, std::string>> names{{"archive/case1/a.svs", "archive/case1/a.svs"},  // as summary.csv has it
                                                               {"./archive/case1/a.svs", "archive/case1/a.svs"},
                                                               {"case1/a.svs", "archive/case1/a.svs"},
                                                               {"case1/a", "archive/case1/a.svs"},
                                                               {fs::absolute("archive/case2/a.svs").string(), "archive/case2/a.svs"},
                                                               {"b", "/data/b.ome.tif"},
                                                               {"b.ome.tif", "/data/b.ome.tif"},
                                                               {"c", "c.svs"}};
  for (const auto& [name, slide] : names) {
    const output::Study study = make("slide;case\n\"" + name + "\";P1\n");
    ASSERT_EQ(study.slides.size(), 1u) << name;
    EXPECT_EQ(study.slides[0].slide, slide) << name;
  }
  expect_refusal("slide,case\na.svs,P1\n",
                 "groups.csv line 2: a.svs may mean archive/case1/a.svs (results case1/a) or archive/case2/a.svs");
  for (const char* name : {"x/b", "B", "a.ndpi", "se1/a.svs", "data"})
    expect_refusal(std::string("slide,case\n") + name + ",P1\n", "no line means a slide");
}

TEST_F(StudyFolder, WarnsOfOneSlideUnderTwoNames) {
  const auto some = [](std::int64_t largest) { return [largest](output::SlideStatistics& s) { s.per_class[0].largest_region = largest; }; };
  add("a", "series/1.dcm", 0.25, some(1000));
  add("b", "series/2.dcm", 0.25, some(1000));
  add("c", "series/3.dcm", 0.25, some(1001));
  add("d", "d.svs", 0);
  add("e", "e.svs", 0);
  EXPECT_THAT(make("slide,case\na,P1\nb,P1\nc,P2\nd,P3\ne,P4\n").warnings,
              ElementsAre(HasSubstr("series/2.dcm has the same figures as series/1.dcm, to the pixel")));
  EXPECT_THAT(make("slide,case\na,P1\nc,P2\n").warnings, IsEmpty());
}

TEST_F(StudyFolder, NamesAllThatIsLeftOut) {
  add("a1", "a1.svs", 0.2);
  add("a2", "a2.svs", 0.6);
  add("b1", "b1.svs", 0.5, [](output::SlideStatistics& s) { s.frame.mpp = 0; });
  add("b2", "b2.svs");
  add("extra", "extra.svs");
  core::write_text_file(out() / "summary.csv", "slide,status,reason\na2.svs,failed,later\nbad.svs,failed,bad.svs: is no slide\n");
  core::write_text_file(out() / "late.h5.part", "x");
  core::write_text_file(out() / "old.json", "{\"format\": \"wsi-lpd slide statistics\", \"version\": 99}");
  const output::Study study =
      make("case,slide,group\nA,a1,x\nA,a2,\nA,a2.svs,x\nB,b1,y\nC,b2,\nD,bad.svs,y\nA,late.svs,x\nE,nowhere.svs,y\n,extra,\n");
  std::map<std::string, std::string> left_out;
  for (const output::StudyLeftOut& each : study.left_out)
    left_out[each.slide] = each.case_name + "|" + each.reason + "|" + each.explanation;
  EXPECT_EQ(left_out.size(), 6u);
  EXPECT_THAT(left_out["b1.svs"], HasSubstr("B|unknown µm/px|its areas can't be added: segment it with --mpp"));
  EXPECT_EQ(left_out["bad.svs"], "D|failed|is no slide");
  EXPECT_EQ(left_out["late"], "A|unfinished|a run was stopped at it");
  EXPECT_THAT(left_out["nowhere.svs"], HasSubstr("E|no result|"));
  EXPECT_THAT(left_out["extra.svs"], HasSubstr("|no case|"));
  EXPECT_THAT(left_out["old"], HasSubstr("|damaged|"));
  ASSERT_EQ(study.cases.size(), 2u);
  EXPECT_EQ(study.cases[0].group, "x");
  EXPECT_EQ(study.cases[0].slides.size(), 2u) << "a line that says the same again counts once";
  EXPECT_EQ(study.cases[0].left_out, 1u);
  EXPECT_DOUBLE_EQ(study.measures[0].values[0].value(), 0.4);
  EXPECT_THAT(study.cases_left_out, ElementsAre("B", "D", "E"));
  EXPECT_THAT(
      study.warnings,
      ElementsAre("group y: " + (folder_ / "groups.csv").string() + " line 5 names it, and none of its cases has a slide that can be used",
                  "3 cases are missing, as none of their slides can be used: B, D, E", "1 case lacks slides that the table gives it: A",
                  "1 case has no group and is compared with none: C",
                  "1 slide failed when last tried, and an earlier result of it is used: a2.svs"));
  EXPECT_THAT(study.groups, ElementsAre("x"));

  add("again/a1", "a1.svs", 0.9);
  const auto others = make("slide,case\nagain/a1,A\n").left_out;
  EXPECT_EQ(others.size(), 8u);
  EXPECT_EQ(std::ranges::count(others, "the same slide again", &output::StudyLeftOut::reason), 1);
  expect_refusal("slide,case\na1.svs,A\n", "groups.csv line 2: a1.svs may mean a1.svs (results a1) or a1.svs (results again/a1)");
}

TEST_F(StudyFolder, RefusesWhatContradictsItself) {
  add("a", "a.svs");
  add("b", "b.svs");
  expect_refusal("slide,case,group\na,P1,x\nb,P1,y\n", "groups.csv line 3: case P1 is of group y here, and of group x in ");
  expect_refusal("slide,case,group\na,P1,Tumour\nb,P2,tumour\n", "groups.csv line 3: group tumour is written Tumour in ");
  expect_refusal("slide,case\na,P1\nb,p1\n", "groups.csv line 3: case p1 is written P1 in ");
  expect_refusal("slide,case\na,P1\na.svs,P2\n", "groups.csv line 3: a.svs is of case P2 here, and of case P1 in ");
  expect_refusal("slide,case\nnone,P1\nnone,P2\n", "none is of case P2 here");
  expect_refusal("slide,case,grp\na,P1,x\n", "unknown column 'grp'; a table of cases has the columns slide, case");
  expect_refusal("slide\na\n", "names no column 'case'");
  expect_refusal("slide,case\n,P1\n", "line 2: no slide is named");
  expect_refusal("slide,case\nz,P1\n", "no line means a slide that can be used");
  add("b", "b.svs", 0.5, [](output::SlideStatistics& s) { s.model_sha256 = "fedcba987654"; });
  expect_refusal("slide,case\na,P1\nb,P2\n", "the slides come from 2 models");
  EXPECT_EQ(make("slide,case\na,P1\n").cases.size(), 1u) << "the other model's slide has no case";
  add("b", "b.svs", 0.5, [](output::SlideStatistics& s) { s.configuration["overlap"] = "0.25"; });
  EXPECT_THAT(make("slide,case\na,P1\nb,P2\n").warnings, Contains(HasSubstr("overlap: 0.25 (1 slide), 0.5 (1 slide)")));
}

TEST_F(StudyFolder, WritesTablesAndAPage) {
  for (int i = 0; i < 8; ++i)
    add("s" + std::to_string(i), "=s" + std::to_string(i) + ",\"<b>.svs", 0.1 * i,
        [](output::SlideStatistics& s) { s.model_sha256 = std::string(64, 'a'); });
  std::string table = "slide,case,group\n";
  for (int i = 0; i < 8; ++i)
    table += "s" + std::to_string(i) + ",\"=P" + std::to_string(i) + " <i>, \"\"x\"\"\"," +
             (i % 2 == 0 ? "<u>even" : "odd group with a long name") + "\n";
  const WrittenStudy written = write(table);
  EXPECT_EQ(written.index, out() / "study/index.html");
  const core::CsvTable cases = core::CsvTable::read(out() / "study/cases.csv");
  ASSERT_EQ(cases.rows.size(), 8u);
  EXPECT_EQ(cases.rows[3].fields[0], "=P3 <i>, \"x\"");
  EXPECT_EQ(cases.rows[3].fields[*cases.column("TUM_fraction")], "0.3");
  EXPECT_EQ(core::CsvTable::read(out() / "study/groups.csv").rows.size(), 2 * written.study.measures.size());
  EXPECT_EQ(core::CsvTable::read(out() / "study/difference.csv").rows.size(), written.study.measures.size());
  EXPECT_THAT(core::CsvTable::read(out() / "study/left_out.csv").rows, IsEmpty());
  EXPECT_THAT(core::read_text_file(written.index), AllOf(Not(HasSubstr("<u>")), Not(HasSubstr("<i>")), HasSubstr("SHA-256 aaaaaaaa")));
  EXPECT_EQ(output::read_results(out()).complete.size(), 8u) << "a study is no result";
  EXPECT_TRUE(output::read_results(out()).damaged.empty());

  write("slide,case\ns1,P1\n");
  EXPECT_FALSE(fs::exists(out() / "study/difference.csv")) << "of the study before";
  fs::create_directories(folder_ / "mine");
  core::write_text_file(folder_ / "mine/notes.txt", "mine");
  EXPECT_THROW(write(table, {.output = folder_ / "mine"}), core::UsageError);
  EXPECT_THROW(write(table, {.output = out()}), core::UsageError);
  EXPECT_THROW(write(table, {.output = folder_.path()}), core::UsageError) << "groups.csv is there, which a study has, too";
  EXPECT_EQ(core::read_text_file(folder_ / "groups.csv"), table);

  if (std::system("command -v chromium python3 >/dev/null") != 0) GTEST_SKIP() << "no Chromium here (scripts/setup --tests)";
  write(table);
  const std::string command = "timeout 120 python3 '" WSI_LPD_SOURCE_DIR "/tests/report/study.py' '" + written.index.string() + "'";
  const int status = std::system(command.c_str());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::review
