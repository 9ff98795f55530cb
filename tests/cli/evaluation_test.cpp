// What a user meets in evaluating and calibrating models on patches.
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"

namespace wsi_lpd {
namespace {

/// As `evaluate --help` describes the folder: no train/ is needed.
TEST_F(Program, EvaluatesAndCalibratesOnMasksAlone) {
  fs::remove_all(path("alone"));
  fs::create_directories(path("alone"));
  fs::copy(path("data/patches/valid"), path("alone/test"), fs::copy_options::recursive);
  fs::copy(path("data/patches/dataset.toml"), path("alone/dataset.toml"));
  const std::string options = " --json --no-crf --no-tta -o evaluation";
  const Outcome outcome = run("evaluate alone" + options);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, run("evaluate data/patches" + options).out);
  const Outcome calibrated = run("calibrate alone -o alone.safetensors");
  EXPECT_EQ(calibrated.code, 0) << calibrated.err;
  EXPECT_THAT(calibrated.err, HasSubstr("taking those of test/, whose masks say which classes are in them"));
  expect_refusal("train alone -o bad", 2, "alone are for evaluate and calibrate");
}

TEST_F(Program, EvaluatesOnMasks) {
  const Outcome outcome = run("evaluate data/patches --json -o evaluation");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json.at("patches"), 4);
  for (const char* labels : {"oracle", "predicted"}) {
    for (const char* how : {"argmax", "crf"}) {
      const auto& metrics = json.at("segmentation").at(labels).at(how);
      EXPECT_EQ(metrics.at("pixels"), 4 * 96 * 96);
      EXPECT_EQ(metrics.at("confusion").size(), metrics.at("classes").size() + 1);
    }
  }
  EXPECT_EQ(nlohmann::json::parse(core::read_text_file(path("evaluation/evaluation.json"))), json);
  // What an answer gets that is blind, out of the truth in the confusion: O / (1 + O) / classes, O the sum of their odds.
  double odds = 0;
  int present = 0;
  const auto& confusion = json.at("segmentation").at("oracle").at("argmax").at("confusion");
  for (std::size_t c = 0; c < 4; ++c) {
    double pixels = 0;
    for (const auto& count : confusion[c]) pixels += count.get<double>();
    odds += pixels / (4 * 96 * 96 - pixels);
    present += pixels > 0;
  }
  EXPECT_NEAR(json.at("chance").at("mIoU").get<double>(), odds / (1 + odds) / present, 1e-12);
  EXPECT_THAT(core::read_text_file(path("evaluation/evaluation.csv")), HasSubstr("predicted,yes,mean,"));
  EXPECT_THAT(core::read_text_file(path("evaluation/image_labels.csv")), ::testing::StartsWith("image,class,present,predicted,margin\n"));
  EXPECT_GT(image::read_rgb(path("evaluation/patches.png")).height(), 4 * 180);

  const Outcome table = run("evaluate data/patches --labels oracle --no-crf --no-tta -o evaluation");
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, AllOf(HasSubstr("mIoU"), Not(HasSubstr("CRF"))));
  expect_refusal("evaluate data/patches --split test -o bad", 2, "no test images with masks");
  fs::create_directories(path("two/train"));
  image::write_png(path("two/train/a[10].png"), core::Image(64, 64, 3));
  fs::create_directories(path("two/test/img"));
  fs::create_directories(path("two/test/mask"));
  image::write_png(path("two/test/img/a.png"), core::Image(64, 64, 3));
  image::write_labels_png(path("two/test/mask/a.png"), core::Image(64, 64, 1), std::vector<core::Colour>(3));
  expect_refusal("evaluate two -o bad", 2, "its images have 2 classes, the model has 4");
  expect_refusal("calibrate two", 2, "its images have 2 classes, the model has 4");
}

/// The same patches with their classes in another order: names, digits, colours and values of the masks.
TEST_F(Program, MatchesClassesByName) {
  const std::vector<std::size_t> order{2, 0, 3, 1};  // class i there is order[i] here
  const std::vector<std::string> names{"TUM", "STR", "LYM", "NEC"};
  const core::ClassScheme scheme = core::default_class_scheme(4);
  fs::remove_all(path("reordered"));
  fs::copy(path("data/patches"), path("reordered"), fs::copy_options::recursive);
  for (const auto& entry : fs::directory_iterator(path("data/patches/train"))) {
    std::string name = entry.path().filename();
    const std::size_t digits = name.find('[') + 1;
    const std::string before = name.substr(digits, 4);
    for (std::size_t i = 0; i < 4; ++i) name[digits + i] = before[order[i]];
    fs::rename(path("reordered/train") / entry.path().filename(), path("reordered/train") / ("new" + name));
  }
  std::vector<std::uint8_t> table{0, 0, 0, 0, 4};
  std::vector<core::Colour> colours;
  for (std::size_t i = 0; i < 4; ++i) {
    table[order[i]] = static_cast<std::uint8_t>(i);
    colours.push_back(scheme.colours[order[i]]);
  }
  colours.push_back(scheme.colours[4]);
  for (const auto& entry : fs::directory_iterator(path("data/patches/valid/mask"))) {
    core::Image labels = image::read_labels(entry.path());
    std::for_each(labels.data(), labels.data() + labels.bytes(), [&](std::uint8_t& value) { value = table[value]; });
    image::write_labels_png(path("reordered/valid/mask") / entry.path().filename(), labels, colours);
  }
  const auto describe = [&](const std::string& classes) {
    std::ofstream(path("reordered/dataset.toml"))
        << "classes = [" << classes << "]\ncolours = [\"#0000ff\", \"#ff0000\", \"#9900ff\", \"#00ff00\", \"#ffffff\"]\n";
  };
  describe(R"("LYM", "TUM", "NEC", "STR")");
  const std::string options = " --json --no-crf --no-tta -o evaluation";
  const Outcome here = run("evaluate data/patches" + options), there = run("evaluate reordered" + options);
  EXPECT_EQ(here.code, 0) << here.err;
  EXPECT_EQ(here.out, there.out);
  EXPECT_THAT(there.err, HasSubstr("another order (LYM, TUM, NEC, STR) than the model's (TUM, STR, LYM, NEC): they are matched by name"));
  EXPECT_THAT(there.err, Not(HasSubstr("palette"))) << "colours go with the folder's classes";
  const Outcome calibrated = run("calibrate reordered -o reordered.safetensors");
  EXPECT_THAT(calibrated.err, HasSubstr("matched by name"));
  EXPECT_EQ(run("calibrate data/patches -o calibrated.safetensors").code, 0);
  EXPECT_TRUE(core::read_text_file(path("reordered.safetensors")) == core::read_text_file(path("calibrated.safetensors")));

  describe(R"("LYM", "TUM", "FAT", "STR")");
  for (const char* command : {"evaluate reordered -o bad", "calibrate reordered -o never-made"})
    expect_refusal(command, 2, "4 classes (LYM, TUM, FAT, STR), the model has 4 (TUM, STR, LYM, NEC)");
  fs::remove(path("reordered/dataset.toml"));
  EXPECT_THAT(run("evaluate reordered" + options).err, HasSubstr("does not name its classes, which are taken in the order of the model's"));
}

TEST_F(Program, CalibratesACopy) {
  const Outcome outcome = run("calibrate data/patches -o calibrated.safetensors");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(core::read_text_file(path("calibrated.safetensors")), core::read_text_file(path("runs/latest/model.safetensors")))
      << "as training did";
}

}  // namespace
}  // namespace wsi_lpd
