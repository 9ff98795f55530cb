// What a user meets of `study`.
#include "cli/program.hpp"
#include "wsi_lpd/core/csv.hpp"

namespace wsi_lpd {
namespace {

using ::testing::AllOf;

TEST_F(Program, StudiesCasesAndGroups) {
  fs::create_directories(path("studied"));
  for (const char* name : {"a1.tif", "a2.tif", "b1.tif"}) fs::copy_file(path("data/slides/slide-1.tif"), path("studied") / name);
  ASSERT_EQ(run("segment studied/a1.tif studied/a2.tif studied/b1.tif -o cohort --overlap 0 --quiet").code, 0);
  core::write_text_file(path("groups.csv"), "slide;case;group\na1;P1;first\nstudied/a2.tif;P1;first\nlost.tif;P2;second\n");
  const Outcome outcome = run("study cohort --groups groups.csv");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "study of 1 case of 2 slides, 2 left out, 1 group: cohort/study/index.html\n");
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("warning: 1 slide left out, no case: studied/b1.tif\n"),
                                 HasSubstr("warning: 1 slide left out, no result: lost.tif\n"),
                                 HasSubstr("warning: 1 case is missing, as none of its slides can be used: P2\n"),
                                 HasSubstr("warning: studied/a2.tif has the same figures as studied/a1.tif, to the pixel"),
                                 HasSubstr("warning: group second: groups.csv line 4 names it, and none of")));
  EXPECT_THAT(core::read_text_file(path("cohort/study/config.toml")), HasSubstr("groups = \"groups.csv\""));
  EXPECT_THAT(core::read_text_file(path("cohort/study/left_out.csv")),
              HasSubstr("\nlost.tif,P2,no result,groups.csv line 4 names it; there is no result of it in cohort\n"));
  EXPECT_THAT(core::read_text_file(path("cohort/study/index.html")), HasSubstr("2 slides were left out: no case (1), no result (1)."));
  EXPECT_THAT(run("status cohort").out, HasSubstr("3 complete, 0 failed, 0 unfinished")) << "a study is no result";
  EXPECT_THAT(run("info cohort/study").out, HasSubstr("study"));
  const std::string cases = core::read_text_file(path("cohort/study/cases.csv"));

  // Two copies of a slide have twice its areas, and its shares.
  core::write_text_file(path("groups.csv"), "slide,case\nb1,P1\n");
  ASSERT_EQ(run("study cohort --groups groups.csv -o one").code, 0);
  const core::CsvTable two = core::CsvTable::parse(cases, ""), one = core::CsvTable::read(path("one/cases.csv"));
  const auto number = [](const core::CsvTable& table, const char* column) {
    return std::stod(table.rows.at(0).fields[*table.column(column)]);
  };
  EXPECT_NEAR(number(two, "tissue_mm2"), 2 * number(one, "tissue_mm2"), 1e-12);
  EXPECT_NEAR(number(two, "unlabelled_fraction"), number(one, "unlabelled_fraction"), 1e-12);

  EXPECT_THAT(run("info groups.csv").out, HasSubstr("kind: table of cases"));
  expect_refusal("study cohort --groups groups.csv -o cohort", 2, "cohort: holds files that are not a study's");
  expect_refusal("study cohort --groups nowhere.csv", 2, "nowhere.csv: no such table of cases");
  expect_refusal("study cohort --groups cohort", 2, "cohort: is a folder; name a table of cases");
  expect_refusal("study data/slides --groups groups.csv", 2, "no line means a slide that can be used; data/slides has 0 complete slides");
  core::write_text_file(path("groups.csv"), "slide,case\na1,P1\na1.tif,P2\n");
  expect_refusal("study cohort --groups groups.csv", 2,
                 "groups.csv line 3: a1.tif is of case P2 here, and of case P1 in groups.csv line 2");
}

}  // namespace
}  // namespace wsi_lpd
