#include <gmock/gmock.h>

#include <algorithm>

#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PatientTable : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"train/a[10].png", "train/b[01].png", "train/c[01].png", "valid/img/v.png", "valid/mask/v.png"}) {
      std::filesystem::create_directories((folder_ / name).parent_path());
      core::write_text_file(folder_ / name, "");
    }
  }
  void table(const std::string& name, const std::string& text) const { core::write_text_file(folder_ / name, text); }
  PatchFolder scan(const std::string& groups = "") const { return scan_patches(folder_.path(), {.groups = groups}); }
  std::vector<std::string> patients(const std::string& groups = "") const {
    std::vector<std::string> patients;
    for (const Patch& patch : scan(groups).train) patients.push_back(patch.patient);
    return patients;
  }
  std::string refusal(const std::string& groups = "") const {
    try {
      scan(groups);
    } catch (const core::UsageError& error) {
      return error.what();
    }
    return "read without complaint";
  }
  testing::TemporaryFolder folder_;
};

TEST_F(PatientTable, NamesThePatientsOfTheTrainingImages) {
  EXPECT_THAT(patients(), ElementsAre("", "", ""));
  table("patients.csv", "File;Patient\ntrain/a[10].png;P 1\nb[01];P2\nvalid/img/v.png;P3\ntrain/gone.png;P4\n");
  EXPECT_THAT(patients(), ElementsAre("P 1", "P2", ""));
  EXPECT_THAT(scan().notes.back(),
              HasSubstr("patients.csv: the images are of 2 patients, 1 are of none that is known, 1 lines name files that "
                        "are not there"));
  EXPECT_EQ(scan_patches(folder_.path(), {.image_labels = ImageLabels::IfThere}).train.at(0).patient, "P 1");
  const PatchFolder evaluated = scan_patches(folder_.path(), {.image_labels = ImageLabels::Unused});
  EXPECT_EQ(evaluated.valid.at(0).patient, "P3");
  EXPECT_THAT(evaluated.notes.back(), HasSubstr("patients.csv: the images are of 1 patients, 1 lines"));
}

TEST_F(PatientTable, TheSameNameInTwoPartsIsThatOfTheFirst) {
  for (const char* name : {"valid/img/b[01].png", "valid/mask/b[01].png"}) core::write_text_file(folder_ / name, "");
  table("patients.csv", "file,patient\nb[01].png,P2\nvalid/img/b[01].png,P5\n");
  EXPECT_THAT(patients(), ElementsAre("", "P2", ""));
  EXPECT_EQ(scan().valid.at(0).patient, "P5");
}

TEST_F(PatientTable, TakesTheSlidesOfCutPatches) {
  table("patches.csv", "file,slide,slide_fingerprint\ntrain/a[10].png,x/1.svs,7\ntrain/b[01].png,y/1.svs,8\ntrain/c[01].png,x/1.svs,7\n");
  EXPECT_THAT(patients(), ElementsAre("x/1.svs", "y/1.svs", "x/1.svs"));
  EXPECT_THAT(scan().notes.back(), HasSubstr("2 slides, each of which counts as a patient"));
  table("patients.csv", "file,patient\na[10].png,P1\n");
  EXPECT_THAT(patients(), ElementsAre("P1", "", "")) << "patients.csv goes first";
}

TEST_F(PatientTable, FindsThePatientInTheNames) {
  for (const char* name : {"P1_2_d[10].png", "P2_1_e[10].png", "P1_7_f[01].tif"}) core::write_text_file(folder_ / "train" / name, "");
  table("patients.csv", "file,patient\na[10].png,P9\n");
  EXPECT_THAT(patients("^([^_]+)_"), ElementsAre("P1", "P1", "P2", "", "", "")) << "and not the table";
  EXPECT_EQ(scan("^([^_]+)_").notes.back(),
            "--groups '^([^_]+)_': the images are of 2 patients, 3 are of none that is known, because their names do not match");
  EXPECT_THAT(patients(R"(_(\d)_|^a)"), ElementsAre("2", "7", "1", "", "", "")) << "a group that is not in the match";
  EXPECT_THAT(patients("[a-f]\\["), ElementsAre("d[", "f[", "e[", "a[", "b[", "c[")) << "without a group the whole match";
  EXPECT_EQ(scan("[a-f]\\[").notes.back(), "--groups '[a-f]\\[': the images are of 6 patients");
}

TEST_F(PatientTable, FindsThePatientsOfMasksWhereThereIsNothingElse) {
  std::filesystem::remove_all(folder_ / "train");
  const ScanOptions options{.image_labels = ImageLabels::IfThere, .groups = "^(.)"};
  EXPECT_EQ(scan_patches(folder_.path(), options).valid.at(0).patient, "v");
}

TEST_F(PatientTable, RefusesExpressionsThatFindNobody) {
  EXPECT_THAT(refusal("^([^_]+"), HasSubstr("--groups '^([^_]+': is no regular expression ("));
  EXPECT_EQ(refusal("^P([0-9]+)"),
            "--groups '^P([0-9]+)': matches no image's name, such as a[10]; give an expression whose first group is the patient in it");
  EXPECT_EQ(std::ranges::count(refusal("("), '\n'), 0);
}

TEST_F(PatientTable, PassesOverOtherTablesOfThatName) {
  table("patches.csv", "number of patches\n1,2,3\n");
  EXPECT_THAT(patients(), ElementsAre("", "", ""));
}

TEST_F(PatientTable, RefusesWhatIsNotPlain) {
  table("patients.csv", "file,case\na[10].png,P1\n");
  EXPECT_THAT(refusal(), HasSubstr("patients.csv: its first line names no column 'patient'; write file,patient"));
  table("patients.csv", "file,patient\na[10].png,P1\ntrain/a[10].png,P2\n");
  EXPECT_THAT(refusal(), HasSubstr("patients.csv line 3: train/a[10].png is of P1 in another line, and here of P2"));
  table("patients.csv", "file,patient\n,P1\n");
  EXPECT_THAT(refusal(), HasSubstr("patients.csv line 2: no file is named"));
  std::filesystem::create_directories(folder_ / "train/more");
  core::write_text_file(folder_ / "train/more/a[10].png", "");
  table("patients.csv", "file,patient\na[10].png,P1\n");
  EXPECT_THAT(refusal(), HasSubstr("patients.csv line 2: 'a[10].png' may be "));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
