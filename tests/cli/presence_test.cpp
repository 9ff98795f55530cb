// What a user meets of the presence head: fitting it, segmenting and evaluating with it and without.
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/program.hpp"
#include "wsi_lpd/image/label_reader.hpp"

namespace wsi_lpd {
namespace {

const std::string kEncoder = " --presence-encoder '" WSI_LPD_SOURCE_DIR "/tests/golden/tiny_encoder.ts.pt'",
                  kGroups = " --groups '_([0-9]+)'", kSegment = "segment data/slides/slide-1.tif --precision fp32 ";

struct Head : Program {
  /// Makes head.safetensors, the world's model with a presence head, unless it is there.
  static Outcome fit() {
    if (fs::exists(path("head.safetensors"))) return {.code = 0, .out = {}, .err = {}};
    return run("calibrate data/patches -o head.safetensors" + kEncoder + kGroups);
  }
  static nlohmann::json info(const std::string& file) { return nlohmann::json::parse(run("info " + file + " --json").out); }
};

TEST_F(Program, CalibratesAPresenceHead) {
  std::set<std::string> patients;
  for (const auto& entry : fs::directory_iterator(path("data/patches/train"))) {
    const std::string name = entry.path().filename();
    patients.insert(name.substr(name.find('_'), 3));
  }
  ASSERT_GT(patients.size(), 1U);
  fs::remove(path("head.safetensors"));
  const Outcome outcome = Head::fit();
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string number = std::to_string(patients.size());
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("--groups '_([0-9]+)': the images are of " + number + " patients\n"),
                    HasSubstr("area under the ROC curve on held-out patients (" + number + ")"), Not(HasSubstr("warning: no patients"))));
  const auto info = Head::info("head.safetensors"), presence = info.at("presence");
  EXPECT_EQ(presence.at("encoder"), "tiny_encoder.ts.pt");
  EXPECT_EQ(presence.at("images"), 24);
  EXPECT_EQ(presence.at("groups"), patients.size());
  EXPECT_EQ(presence.at("score_threshold").size(), 4U);
  EXPECT_EQ(presence.at("own_weight"), 0.25);
  EXPECT_NEAR(presence.at("scale").get<double>(), 0.714, 1e-3);
  EXPECT_EQ(presence.at("adapts_to_patients"), true);
  EXPECT_THAT(outcome.err, HasSubstr("thresholds will be moved to each slide"));
  ASSERT_EQ(presence.at("held_out_auc").size(), 4U);
  for (const auto& area : presence.at("held_out_auc")) EXPECT_TRUE(area >= 0 && area <= 1) << area;
  EXPECT_EQ(info.at("licences_of_weights").at("presence_encoder"),
            (nlohmann::json{{"weights", "tiny_encoder.ts.pt"}, {"licence", "not stated"}}));
  EXPECT_FALSE(Head::info("runs/latest/model.safetensors").contains("presence"));

  const Outcome single = run("calibrate data/patches -o single.safetensors" + kEncoder);
  EXPECT_EQ(single.code, 0) << single.err;
  EXPECT_THAT(single.err, HasSubstr("no patients are known (--groups, patients.csv)"));
  EXPECT_EQ(Head::info("single.safetensors").at("presence").at("groups"), 24);
  EXPECT_EQ(Head::info("single.safetensors").at("presence").at("adapts_to_patients"), false);
  EXPECT_THAT(single.err, HasSubstr("thresholds stay where they are on all slides: too few patients"));
}

TEST_F(Program, RefusesWhatFitsNoPresenceHead) {
  const std::string calibrate = "calibrate data/patches -o never-made.safetensors";
  expect_refusal("calibrate data/patches -o never-made/x.safetensors", 2, "its folder is not there; make it first");
  expect_refusal("calibrate data/patches -o data", 2, "-o data: is a folder; name the model file to write");
  expect_refusal(calibrate + kGroups, 2, "--groups: patients are needed for --presence-encoder only");
  expect_refusal(calibrate + kEncoder + " --groups '('", 2, "--groups '(': is no regular expression");
  expect_refusal(calibrate + kEncoder + " --groups '^case'", 2, "--groups '^case': matches no image's name, such as patient");
  expect_refusal(calibrate + kEncoder + " --groups '^patient'", 1, "all images are of one patient (patient)");
  const Outcome early = run(calibrate + kEncoder + " --groups '^patient'");
  EXPECT_THAT(early.err, Not(HasSubstr("looking through"))) << "labels are checked before the encoder takes its time";
  expect_refusal(calibrate + " --presence-encoder absent.ts", 2, "absent.ts");
  std::ofstream(path("noise.ts")) << std::string(5000, 'n');
  expect_refusal(calibrate + " --presence-encoder noise.ts", 1, "noise.ts: not a TorchScript encoder");
  const std::string train = "train data/patches --encoder mit_b0 --iterations 1 --batch-size 2 -o bad";
  expect_refusal(train + " --presence-encoder noise.ts", 1, "noise.ts: not a TorchScript encoder");
  expect_refusal(train + " --groups '('", 2, "--groups '(': is no regular expression");
}

TEST_F(Program, NamesTheEncoderByItsPath) {
  ASSERT_EQ(Head::fit().code, 0);
  fs::copy_file(fs::path(WSI_LPD_SOURCE_DIR) / "tests/golden/tiny_encoder.ts.pt", path("tiny_encoder.ts.pt"));
  const std::string by_path = " --presence-encoder tiny_encoder.ts.pt --presence-by-path" + kGroups,
                    evaluate = "evaluate data/patches --json --no-crf --no-tta -o evaluation --model ";
  fs::create_directories(path("named"));
  ASSERT_EQ(run("calibrate data/patches -o named/model.safetensors" + by_path).code, 0);
  const auto file = Head::info("named/model.safetensors").at("presence").at("encoder_file");
  EXPECT_EQ(file.at("path"), path("tiny_encoder.ts.pt").string());
  EXPECT_EQ(file.at("bytes"), fs::file_size(path("tiny_encoder.ts.pt")));
  EXPECT_EQ(file.at("sha256").get<std::string>().size(), 64U);
  EXPECT_FALSE(Head::info("head.safetensors").at("presence").contains("encoder_file"));
  EXPECT_LT(fs::file_size(path("named/model.safetensors")), fs::file_size(path("head.safetensors")));
  const Outcome stored = run(evaluate + "head.safetensors"), named = run(evaluate + "named/model.safetensors");
  ASSERT_EQ(named.code, 0) << named.err;
  EXPECT_EQ(named.out, stored.out);
  const std::string train = "train data/patches --encoder mit_b0 --iterations 2 --batch-size 4 --threads 1 -o ";
  ASSERT_EQ(run(train + "named-run" + by_path).code, 0);
  EXPECT_EQ(Head::info("named-run/model.safetensors").at("presence").at("encoder_file"), file);

  fs::rename(path("tiny_encoder.ts.pt"), path("named/tiny_encoder.ts.pt"));
  EXPECT_EQ(run(evaluate + "named/model.safetensors").out, stored.out) << "beside the model";
  const std::string absent = path("tiny_encoder.ts.pt").string() + " is not there, and " + path("named-run/tiny_encoder.ts.pt").string() +
                             " is not there; bring that of " + std::to_string(file.at("bytes").get<std::uint64_t>()) +
                             " bytes with SHA-256 " + file.at("sha256").get<std::string>() + " there";
  expect_refusal(kSegment + "--model named-run/model.safetensors -o bad", 1, absent);
  expect_refusal("evaluate data/patches --model named-run/model.safetensors -o bad", 1, absent);
  EXPECT_EQ(run(evaluate + "named-run/model.safetensors --presence own").code, 0);
  EXPECT_EQ(run(kSegment + "--presence own --model named-run/model.safetensors -o presence/named").code, 0);
  std::ofstream(path("tiny_encoder.ts.pt")) << "another";
  expect_refusal(kSegment + "--model named-run/model.safetensors -o bad", 1, "tiny_encoder.ts.pt is another file (7 bytes)");
  const std::string alone = " --presence-by-path -o bad";
  for (const char* command : {"calibrate data/patches", "train data/patches"})
    expect_refusal(command + alone, 2, "--presence-by-path: belongs to --presence-encoder FILE");
}

TEST_F(Program, SegmentsByTheHeadOrByOwnScores) {
  ASSERT_EQ(Head::fit().code, 0);
  for (const auto& [folder, options] : {std::pair{"plain", "--model runs/latest/model.safetensors"},
                                        {"by-head", "--model head.safetensors"},
                                        {"by-own", "--model head.safetensors --presence own"}}) {
    const Outcome outcome = run(kSegment + options + " --prototypes --probabilities -o presence/" + folder);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  const auto written = [](const char* folder, const char* file) {
    return core::read_text_file(path(std::string("presence/") + folder + "/slide-1" + file));
  };
  EXPECT_TRUE(written("by-own", ".geojson") == written("plain", ".geojson"));
  EXPECT_EQ(image::read_labels(path("presence/by-own/slide-1.tif")), image::read_labels(path("presence/plain/slide-1.tif")));
  EXPECT_FALSE(image::read_labels(path("presence/by-head/slide-1.tif")) == image::read_labels(path("presence/plain/slide-1.tif")));

  expect_refusal(
      kSegment + "--model head.safetensors --tile 64 -o bad", 2,
      "--tile 64: the presence head of head.safetensors knows only images of 96 pixels; leave --tile out, or give --presence own");
  const Outcome own = run(kSegment + "--model head.safetensors --tile 64 --presence own -o presence/small");
  EXPECT_EQ(own.code, 0) << own.err;
}

TEST_F(Program, WritesTheFeaturesOfThePresenceEncoder) {
  ASSERT_EQ(Head::fit().code, 0);
  const auto shape = [](const std::string& folder) {
    const std::string text = Head::info(folder + "/slide-1.h5").at("datasets").at("features");
    return nlohmann::json::parse(text.substr(text.find('[')));
  };
  ASSERT_EQ(run(kSegment + "--model head.safetensors --features encoder -o features/encoder").code, 0);
  ASSERT_EQ(run(kSegment + "--model head.safetensors -o features/own").code, 0);
  EXPECT_EQ(shape("features/own").at(1), 256) << "stage 4 of mit_b0";
  EXPECT_EQ(shape("features/encoder").at(1), 512);
  EXPECT_EQ(shape("features/encoder").at(0), shape("features/own").at(0));

  const std::string encoder = kSegment + "--features encoder -o bad --model ";
  expect_refusal(
      encoder + "runs/latest/model.safetensors", 2,
      "--features encoder: runs/latest/model.safetensors has no presence head; wsi-lpd calibrate PATCHES --presence-encoder FILE");
  for (const char* without : {" --presence own", " --normalisation tile"})
    expect_refusal(encoder + "head.safetensors" + without, 2, "--features encoder: the encoder is not used with --presence own or ");
  WSI_LPD_NEEDS_PYTHON();
  const auto expect_features = [](const std::string& folder, const std::string& width, const std::string& name) {
    EXPECT_TRUE(testing::run_python("cli/open_features.py", {path(folder + "/slide-1.h5").string(), width, name})) << folder;
    EXPECT_TRUE(
        testing::run_python("cli/load_tiles.py", {path(folder + "/slide-1.h5").string(), path("data/slides/slide-1.tif").string()}));
  };
  expect_features("features/encoder", "512", "tiny_encoder.ts.pt");
  expect_features("features/own", "256", "mit_b0, stage 4");
}

TEST_F(Program, EvaluatesByTheHeadOrByOwnScores) {
  ASSERT_EQ(Head::fit().code, 0);
  const std::string evaluate = "evaluate data/patches --json --no-crf --no-tta -o evaluation --model ";
  const Outcome plain = run(evaluate + "runs/latest/model.safetensors"), by_head = run(evaluate + "head.safetensors"),
                own = run(evaluate + "head.safetensors --presence own");
  for (const Outcome* outcome : {&plain, &by_head, &own}) ASSERT_EQ(outcome->code, 0) << outcome->err;
  EXPECT_THAT(by_head.err, HasSubstr("image labels are predicted from the features of tiny_encoder.ts.pt"));
  EXPECT_THAT(own.err, Not(HasSubstr("tiny_encoder")));
  EXPECT_EQ(own.out, plain.out);
  const auto head = nlohmann::json::parse(by_head.out), network = nlohmann::json::parse(plain.out);
  EXPECT_EQ(head.at("segmentation").at("oracle"), network.at("segmentation").at("oracle"));
  EXPECT_NE(head.at("image_labels"), network.at("image_labels"));
}

}  // namespace
}  // namespace wsi_lpd
