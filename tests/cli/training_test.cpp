// What a user meets in training: patches, resuming, what a model was judged by.
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "cli/program.hpp"
#include "wsi_lpd/core/csv.hpp"

namespace wsi_lpd {
namespace {

/// A training that runs beside the test until it is killed.
class Training : public Program {
 protected:
  static pid_t start(const std::string& arguments, const std::string& log = "err.txt") { return Program::start("train " + arguments, log); }
  static std::ptrdiff_t lines(const fs::path& file) {
    std::ifstream stream(file);
    return std::count(std::istreambuf_iterator<char>(stream), {}, '\n');
  }
  /// Waits until `is_so`, or the child has ended.
  static void wait_until(pid_t child, const std::function<bool()>& is_so) {
    siginfo_t ended{};
    while (!is_so() && waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
};

TEST_F(Program, RefusesBadPatches) {
  expect_refusal("train absent -o bad", 2, "absent");
  expect_refusal("train data/slides/slide-1.tif -o bad", 2, "is a file");
  fs::create_directories(path("empty"));
  expect_refusal("train empty -o bad", 2, "no PNG");

  fs::remove_all(path("patches"));
  fs::copy(path("data/patches"), path("patches"), fs::copy_options::recursive);
  const fs::path victim = *fs::directory_iterator(path("patches/train"));
  fs::resize_file(victim, fs::file_size(victim) / 2);
  expect_refusal("train patches -o bad", 1, victim.filename());
  fs::rename(victim, path("patches/train/x[101].png"));
  expect_refusal("train patches -o bad", 1, "x[101].png");
  fs::rename(path("patches/train/x[101].png"), path("patches/train/x.png"));
  expect_refusal("train patches -o bad", 1, "x.png");
  fs::remove(path("patches/train/x.png"));
  std::ofstream(path("patches/dataset.toml")) << "classes = [\"A\", \"B\"]\n";
  expect_refusal("train patches -o bad", 2, "2 class names");
  std::ofstream(path("patches/dataset.toml")) << "clases = [\"A\"]\n";
  expect_refusal("train patches -o bad", 2, "unknown key 'clases'");
}

TEST_F(Program, LeavesOutUnusablePatchesOnRequestOnly) {
  fs::remove_all(path("some"));
  fs::copy(path("data/patches"), path("some"), fs::copy_options::recursive);
  const std::size_t all = static_cast<std::size_t>(std::distance(fs::directory_iterator(path("some/train")), {}));
  fs::create_symlink("/absent.png", path("some/train/link[1000].png"));
  std::ofstream(path("some/train/noise[1000].png")) << "no image";
  std::ofstream(path("some/train/._noise[1000].png")) << "attributes";
  expect_refusal("train some -o bad", 1, "link[1000].png: is a link to /absent.png, which is not there; --skip-unusable leaves out");
  const Outcome outcome = run("train some --skip-unusable --encoder mit_b0 --iterations 1 --batch-size 2 --hold-out 0 -o skipped");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("2 left out: 1 hidden, 1 with a link whose target is missing"),
                                 HasSubstr(std::to_string(all) + " patches, and 1 that can't be used and are left out")));
}

/// kill -9 at twenty random moments; each time the run goes on, and in the end no byte is another one.
TEST_F(Training, ResumesAfterBeingKilled) {
  const std::string options =
      "data/patches --encoder mit_b0 --iterations 45 --warmup-iterations 10 --batch-size 2 --threads 1 --ema 0.9 --save-minutes 0 -o ";
  ASSERT_EQ(run("train " + options + "whole").code, 0);
  std::mt19937 random(1);
  int kills = 0;
  for (bool finished = false; !finished;) {
    const auto before = lines(path("killed/log.jsonl"));
    const pid_t child = start(options + "killed" + (kills > 0 ? " --resume" : ""));
    int status = 0;
    if (kills < 20) {
      wait_until(child, [&] { return lines(path("killed/log.jsonl")) > before; });
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 200));
      kill(child, SIGKILL);
    }
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
      ++kills;
      continue;
    }
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "after " << kills << " kills";
    finished = true;
  }
  EXPECT_EQ(kills, 20);
  for (const char* file : {"model.safetensors", "last.safetensors", "log.jsonl", "curve.svg"})
    EXPECT_TRUE(core::read_text_file(path(std::string("whole/") + file)) == core::read_text_file(path(std::string("killed/") + file)))
        << file;
}

/// The head is fitted again on resuming, and comes out the same.
TEST_F(Training, ResumesWithAPresenceHead) {
  const std::string options =
      "data/patches --encoder mit_b0 --iterations 8 --warmup-iterations 2 --batch-size 4 --threads 1 --save-minutes 0 --presence-encoder "
      "'" WSI_LPD_SOURCE_DIR "/tests/golden/tiny_encoder.ts.pt' --groups '_(\\d+)' -o ";
  const Outcome whole = run("train " + options + "head-whole");
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_THAT(whole.err, HasSubstr("presence of classes from tiny_encoder.ts.pt: area under the ROC curve on held-out patients ("));
  const pid_t child = start(options + "head-killed");
  wait_until(child, [&] { return lines(path("head-killed/log.jsonl")) > 1; });
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << core::read_text_file(path("err.txt"));
  expect_refusal("train data/patches --config head-killed/config.toml --groups '^(patient)' -o head-killed --resume", 2,
                 "groups was '_(\\d+)', is \"^(patient)\"");
  const Outcome resumed = run("train data/patches --config head-killed/config.toml -o head-killed --resume");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  for (const char* file : {"model.safetensors", "last.safetensors", "log.jsonl"})
    EXPECT_TRUE(core::read_text_file(path(std::string("head-whole/") + file)) ==
                core::read_text_file(path(std::string("head-killed/") + file)))
        << file;
  const auto info = nlohmann::json::parse(run("info head-killed/model.safetensors --json").out);
  EXPECT_EQ(info.at("presence").at("encoder"), "tiny_encoder.ts.pt");
  EXPECT_EQ(info.at("presence").at("images"), 24);
  EXPECT_EQ(info.at("judged").at("by"), "valid_miou_predicted");
  const auto masks = nlohmann::json::parse(run("evaluate data/patches --split valid --no-crf --no-tta --groups '_(\\d+)' --json -o "
                                               "evaluation --model head-killed/model.safetensors")
                                               .out);
  EXPECT_DOUBLE_EQ(info.at("judged").at("score"), masks.at("segmentation").at("predicted").at("argmax").at("mIoU"))
      << "judged by what the head predicts";
}

/// Ctrl-C before there is a model and after; the command that is named goes on.
TEST_F(Training, SaysWhenStoppedHowToGoOn) {
  const fs::path before = fs::read_symlink(path("runs/latest"));
  const auto stopped = [&](const std::string& folder, int batch_size, const std::function<bool()>& is_time) {
    const pid_t child = start("'a few/patches' --encoder mit_b0 --epochs 4 --warmup-iterations 2 --threads 1 --batch-size " +
                              std::to_string(batch_size) + " -o runs/" + folder);
    wait_until(child, is_time);
    kill(child, SIGINT);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 130);
    return core::read_text_file(path("err.txt"));
  };
  fs::create_directories(path("a few"));
  fs::create_directory_symlink(path("data/patches"), path("a few/patches"));

  const std::string early = stopped("early", 1, [&] { return lines(path("runs/early/log.jsonl")) > 0; });
  EXPECT_THAT(early, HasSubstr("runs/early has no model yet: the first comes with the end of an epoch; runs/latest stays where it was"));
  EXPECT_EQ(fs::read_symlink(path("runs/latest")), before);
  EXPECT_THAT(early, HasSubstr("train 'a few/patches' --config runs/early/config.toml -o runs/early --resume\n"));

  const std::string late = stopped("late", 8, [&] { return fs::exists(path("runs/late/predictions.png")); });
  EXPECT_THAT(late, ::testing::ContainsRegex("runs/late/model.safetensors is the model of step [0-9]+; runs/latest points at it"));
  EXPECT_EQ(fs::read_symlink(path("runs/latest")), "late");
  EXPECT_THAT(run("evaluate data/patches --no-crf --no-tta -o evaluation").err,
              HasSubstr("its training is not finished; go on with it: wsi-lpd train"));

  const std::string words = "the training can go on where it was: wsi-lpd ";
  const auto at = late.find(words);
  ASSERT_NE(at, std::string::npos) << late;
  const std::string command = late.substr(at + words.size(), late.find('\n', at) - at - words.size());
  EXPECT_THAT(run(command + " --lr 1e-5").err, HasSubstr("lr was 0.0003, is 1e-05"));
  const Outcome resumed = run(command + " --threads 2 --cache-mib 100 --save-minutes 2");
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("going on with threads 2 instead of 1"));
  EXPECT_THAT(resumed.out, AllOf(HasSubstr("12 steps"), HasSubstr("predicted"), Not(HasSubstr("nan"))));
  EXPECT_THAT(core::read_text_file(path("runs/late/config.toml")), HasSubstr("threads = 2"));
  EXPECT_FALSE(fs::exists(path("runs/late/state.safetensors")));

  fs::remove(path("runs/latest"));
  expect_refusal("segment data/slides/slide-1.tif -o bad", 2,
                 "runs/early is not finished and has no model yet; go on with it: wsi-lpd train PATCHES --config runs/early/config.toml");
  fs::create_directory_symlink(before, path("runs/latest"));
}

/// A finished training is never lost over runs/latest.
TEST_F(Program, KeepsItsModelWhereTheLinkCantBeMade) {
  const std::string in = "mkdir -p elsewhere/runs && cd elsewhere && rm -rf runs/latest && ", end = "; ";
  const std::string train = "train ../data/patches --encoder mit_b0 --iterations 1 --batch-size 2 --hold-out 0 -o runs/";
  for (const auto& [name, made, words] : {std::tuple<std::string, std::string, std::string>{"folder", "mkdir runs/latest", "is not a link"},
                                          {"file", "touch runs/latest", "is not a link"}}) {
    const Outcome outcome = run(train + name, in + made + end);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("warning: runs/latest " + words + " and stays as it is; name this model with --model runs/" + name));
    EXPECT_TRUE(fs::exists(path("elsewhere/runs/" + name + "/model.safetensors")));
    EXPECT_FALSE(fs::is_symlink(path("elsewhere/runs/latest")));
  }
  // Links that lead nowhere are ours to replace.
  for (const std::string target : {"latest", "gone"}) {
    const Outcome outcome = run(train + "for-" + target, in + "ln -s " + target + " runs/latest" + end);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(fs::read_symlink(path("elsewhere/runs/latest")), "for-" + target);
  }
}

/// The log says what is trained on, and a hold-out leaves something to train on.
TEST_F(Program, SaysWhatIsHeldOutBeforeItTrains) {
  fs::create_directories(path("single"));
  for (const auto& entry : fs::directory_iterator(path("data/patches/train"))) {
    fs::copy_file(entry.path(), path("single") / entry.path().filename());
    break;
  }
  const std::string options = " --encoder mit_b0 --iterations 1 --batch-size 2 --hold-out 0.9 -o ";
  const Outcome single = run("train single" + options + "single-run");
  EXPECT_EQ(single.code, 0) << single.err;
  EXPECT_THAT(single.err, HasSubstr("training on 1 images, 0 for validation, 1 steps"));
  const Outcome many = run("train data/patches/train" + options + "many-run");
  EXPECT_EQ(many.code, 0) << many.err;
  const auto said = [&](const std::string& words) {
    const auto at = many.err.find(words);
    return at == std::string::npos ? -1 : std::stoi(many.err.substr(at + words.size()));
  };
  EXPECT_GT(said("training on "), 0);
  EXPECT_LT(said("training on "), 24);
  EXPECT_THAT(many.err, HasSubstr("of " + std::to_string(said("training on ")) + "\n")) << "the line of the classes";
}

/// What configs/train.toml says of the defaults is true: taken or not, the same configuration is in force.
TEST_F(Program, RecipeIsTheDefault) {
  const std::string rest = " --encoder mit_b0 --iterations 1 --batch-size 2 --hold-out 0 -o ";
  ASSERT_EQ(run("train data/patches" + rest + "default").code, 0);
  ASSERT_EQ(run("train data/patches --config '" WSI_LPD_SOURCE_DIR "/configs/train.toml'" + rest + "recipe").code, 0);
  const auto options = [&](const char* folder) {
    const std::string text = core::read_text_file(path(std::string(folder) + "/config.toml"));
    return text.substr(text.find('\n'));  // without the command line
  };
  EXPECT_EQ(options("default"), options("recipe"));
}

TEST_F(Program, LearnsFromCorrectedRegions) {
  const std::string quick = " --iterations 4 --batch-size 2 --seed 1";
  ASSERT_EQ(run("train data/patches --encoder mit_b0 -o first" + quick).code, 0);
  const fs::path valid = *fs::directory_iterator(path("data/patches/valid/img"));
  fs::create_directories(path("corrected"));
  fs::copy_file(valid, path("corrected/slide.png"));
  const auto classes = nlohmann::json::parse(run("info first/model.safetensors --json").out).at("classes");
  const auto correct = [&](const std::string& name, double side) {
    const nlohmann::json ring{{0, 0}, {side, 0}, {side, side}, {0, side}, {0, 0}};
    core::write_text_file(path("corrected/slide.geojson"), nlohmann::json{{"type", "Feature"},
                                                                          {"geometry", {{"type", "Polygon"}, {"coordinates", {ring}}}},
                                                                          {"properties", {{"classification", {{"name", name}}}}}}
                                                               .dump());
  };
  const std::string next = "train data/patches --from first/model.safetensors --corrections corrected" + quick;
  correct(classes.at(0), 100);
  const Outcome taught = run(next + " --config '" WSI_LPD_SOURCE_DIR "/configs/correct.toml' -o taught --guard 100");
  ASSERT_EQ(taught.code, 0) << taught.err;
  EXPECT_THAT(taught.err, HasSubstr("corrections: 1 region in 1 file, 1 tile; tiles with " + classes.at(0).get<std::string>() + " 1, "));
  EXPECT_THAT(taught.err, HasSubstr("before the first step: mIoU on valid/"));
  std::ifstream log(path("taught/log.jsonl"));
  double pixel = 0;
  for (std::string line; std::getline(log, line);) pixel = std::max(pixel, nlohmann::json::parse(line).value("pixel", 0.0));
  EXPECT_GT(pixel, 0) << "the pixels were learnt";
  const core::CsvTable agreement = core::CsvTable::read(path("taught/corrections.csv"));
  ASSERT_EQ(agreement.columns, (std::vector<std::string>{"class", "pixels", "before", "after"}));
  ASSERT_EQ(agreement.rows.size(), 2U) << "the corrected class, and all";
  EXPECT_EQ(agreement.rows[0].fields[0], classes.at(0));
  EXPECT_EQ(agreement.rows[1].fields[1], "9216") << "of 96 x 96";
  EXPECT_GE(std::stod(agreement.rows[1].fields[2]), 0);
  EXPECT_THAT(taught.out, AllOf(HasSubstr("corrected           pixels    before     after\n"), HasSubstr("\nall                   9216")));
  const std::string info = run("info taught/model.safetensors").out;
  EXPECT_THAT(info, HasSubstr("from: model.safetensors (SHA-256 "));
  EXPECT_THAT(info, HasSubstr("corrections = \"corrected\"")) << "the configuration of this training, not of the one before";
  EXPECT_THAT(info, AllOf(HasSubstr("1 region of a person in 1 file\n"), HasSubstr("slide.geojson: 1 region, SHA-256 ")));
  EXPECT_EQ(run("evaluate data/patches --model taught/model.safetensors --no-crf --no-tta").code, 0);

  expect_refusal(next + " --encoder mit_b1 -o bad", 2, "--encoder: --from first/model.safetensors says it");
  expect_refusal("train data/patches --freeze-encoder -o bad", 2, "--freeze-encoder: belongs to --from MODEL");
  expect_refusal("train data/patches --correction-slides data -o bad", 2, "--correction-slides: belongs to --corrections FOLDER");
  expect_refusal("train data/patches --guard 1 -o bad", 2, "--guard: belongs to --from MODEL with --corrections FOLDER; give that, too");
  expect_refusal("train data/patches --epochs 2 --iterations 4 -o bad", 2, "--epochs: belongs to --iterations 0, without which steps are");
  expect_refusal("train data/patches --hold-out 0.2 --iterations 1 -o bad", 2, "--hold-out: data/patches has 4 images in valid/");
  expect_refusal("train data/patches --correction-share=1 -o bad", 2, "--correction-share: belongs to --corrections FOLDER");
  expect_refusal("train data/patches --pixel-weight 2 -o bad", 2, "--pixel-weight: belongs to --mosaic or --corrections FOLDER");
  expect_refusal("train data/patches --teacher-weight 2 -o bad", 2, "--teacher-weight: belongs to --distil or --corrections FOLDER");
  expect_refusal("train data/patches --agreement-weight 2 -o bad", 2, "--agreement-weight: belongs to --stain-views");
  expect_refusal("train data/patches --similarity-weight 2 -o bad", 2, "--similarity-weight: belongs to --frozen-encoder FILE");
  expect_refusal("train data/patches --method cam --diversity-weight 2 -o bad", 2, "--diversity-weight: belongs to --method lpd");
  expect_refusal("train data/patches --force -o bad", 2, "--force: belongs to --resume");
  expect_refusal(next + " --colours '#ff0000' -o bad", 2, "--colours: --from first/model.safetensors says it");
  expect_refusal(next + " -o corrected/run", 2, "the run's folder corrected/run lies in that of --corrections, corrected, whose images");
  expect_refusal(next + " -o corrected", 2, "the run's folder corrected lies in that of --corrections");
  correct("elsewhere", 100);
  expect_refusal(next + " -o bad", 1, "slide.geojson: has regions of elsewhere, and the classes are ");
  EXPECT_FALSE(fs::exists(path("bad")));

  // The background's name in dataset.toml is known, and its regions are learnt.
  fs::create_directories(path("patches-of-glass"));
  fs::copy(path("data/patches"), path("patches-of-glass"), fs::copy_options::recursive);
  std::string dataset = core::read_text_file(path("patches-of-glass/dataset.toml"));
  const std::string background = nlohmann::json::parse(run("info first/model.safetensors --json").out).at("background");
  dataset.replace(dataset.find('"' + background + '"'), background.size() + 2, "\"Clear glass\"");
  core::write_text_file(path("patches-of-glass/dataset.toml"), dataset);
  correct("Clear glass", 50);
  const std::string glassy = "train patches-of-glass --from first/model.safetensors --corrections corrected" + quick;
  expect_refusal(glassy + " -o bad", 2, "all regions are of the background (" + background + "), of which a presence head alone learns");
  fs::copy_file(valid, path("corrected/other.png"));
  fs::rename(path("corrected/slide.geojson"), path("corrected/other.geojson"));
  correct(classes.at(0), 50);
  const Outcome glass = run(glassy + " --guard 100 -o learnt-glass");
  ASSERT_EQ(glass.code, 0) << glass.err;
  EXPECT_THAT(glass.err, HasSubstr("corrections: of 2500 pixels of the background (" + background +
                                   ") the network's maps learn nothing, and there is no presence head that would"));
  EXPECT_THAT(core::read_text_file(path("learnt-glass/corrections.csv")), HasSubstr("\n" + background + ",2500,"));
}

TEST_F(Program, ResumesOnlyWhatItKnows) {
  const std::string options = "train data/patches --encoder mit_b0 --iterations 400 --batch-size 2 -o ";
  ASSERT_EQ(run(options + "half", "timeout --preserve-status -s INT 6").code, 130);
  EXPECT_TRUE(fs::exists(path("half/state.safetensors")));
  const auto refused = [&](const std::string& arguments, const std::string& words) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(words));
  };
  refused(options + "half", "holds an unfinished training; go on with --resume");
  refused(options + "half --resume --lr 1e-5", "lr was 0.0003, is 1e-05");
  refused(options + "nowhere --resume", "nowhere is no run of train");
  refused("train data/patches --resume", "no folder in runs/ has a state");
  ASSERT_EQ(run("train data/patches --encoder mit_b0 --iterations 4 --batch-size 2 -o done").code, 0);
  refused("train data/patches --encoder mit_b0 --iterations 4 --batch-size 2 -o done --resume", "is finished");
}

TEST_F(Program, TheModelSaysWhatItWasJudgedBy) {
  const auto judged = nlohmann::json::parse(run("info runs/latest/model.safetensors --json").out).at("judged");
  EXPECT_EQ(judged.at("by"), "valid_miou_predicted");
  EXPECT_EQ(judged.at("iteration"), 4);
  const auto masks = nlohmann::json::parse(run("evaluate data/patches --split valid --no-crf --no-tta --json -o evaluation").out);
  EXPECT_DOUBLE_EQ(judged.at("score"), masks.at("segmentation").at("predicted").at("argmax").at("mIoU"));
  // With other thresholds that score is another one.
  fs::create_directories(path("few"));
  for (const auto& entry : fs::directory_iterator(path("data/patches/train")))
    if (entry.path().string().find("[1") != std::string::npos) fs::copy(entry.path(), path("few") / entry.path().filename());
  ASSERT_EQ(run("calibrate few -o anew.safetensors").code, 0);
  EXPECT_FALSE(nlohmann::json::parse(run("info anew.safetensors --json").out).contains("judged"));
}

}  // namespace
}  // namespace wsi_lpd
