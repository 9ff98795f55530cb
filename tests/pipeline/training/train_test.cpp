#include "wsi_lpd/pipeline/training/train.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"
#include "wsi_lpd/model/network/model_info.hpp"
#include "wsi_lpd/pipeline/training/evaluate.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

using testing::TemporaryFolder;

/// Patches of two classes that stripes of different width tell apart; masks say the same.
void write_patches(const TemporaryFolder& folder) {
  for (const char* part : {"train", "valid/img", "valid/mask"}) std::filesystem::create_directories(folder.path() / part);
  for (int i = 0; i < 12; ++i) {
    const int c = i % 2;
    core::Image image(64, 64, 3);
    for (int y = 0; y < 64; ++y) {
      for (int x = 0; x < 64; ++x) std::fill_n(image.at(x, y), 3, static_cast<std::uint8_t>(((x + i) / (c ? 2 : 8)) % 2 ? 220 : 60));
    }
    const std::string name = "p" + std::to_string(i);
    image::write_png(folder.path() / "train" / (name + (c ? "[01].png" : "[10].png")), image);
    if (i >= 4) continue;
    image::write_png(folder.path() / "valid" / "img" / (name + ".png"), image);
    image::write_labels_png(folder.path() / "valid" / "mask" / (name + ".png"), core::Image(64, 64, 1, static_cast<std::uint8_t>(c)),
                            std::vector<core::Colour>(3));
  }
}

/// Prepares and trains.
TrainResult run_job(const TrainJob& job, const core::Work& work) { return train(prepare_training(job, work), work); }

TrainJob job_for(const TemporaryFolder& folder, const std::string& run) {
  TrainJob job;
  job.patches = scan_patches(folder.path());
  job.run = folder / run;
  job.info.encoder = "mit_b0";
  job.info.classes = core::default_class_scheme(2);
  job.mpp = 0.5;
  job.images.classes = 2;
  job.options.lr = 3e-4;
  job.options.iterations = 6;
  job.options.warmup_iterations = 3;
  job.options.seed = 5;
  job.options.threads = 1;
  job.batch_size = 4;
  return job;
}

/// Everything random at once.
TrainJob augmented_job(const TemporaryFolder& folder, const std::string& run) {
  TrainJob job = job_for(folder, run);
  job.stream = {.balance = 0.5, .scale_jitter = 0.2, .stain_jitter = 0.2, .stain_views = true, .mosaic = 0.4};
  job.options.ema = 0.9;
  return job;
}

TEST(Train, WritesTheBestAndTheLastModelAndALog) {
  const TemporaryFolder folder;
  write_patches(folder);
  core::SilentObserver observer;
  const TrainResult result = run_job(job_for(folder, "run"), {observer, kNever});
  EXPECT_EQ(result.iterations, 6);
  ASSERT_TRUE(result.best.predicted && result.best.oracle);
  EXPECT_EQ(result.best.predicted->total(), 4 * 64 * 64);
  EXPECT_EQ(result.best.oracle->total(), 4 * 64 * 64);
  const model::network::ModelInfo info = model::network::read_model_info(result.model);
  EXPECT_EQ(info.patch_size, 64);
  EXPECT_EQ(info.mpp, 0.5);
  EXPECT_FALSE(info.calibration.empty());
  ASSERT_TRUE(info.judged);
  EXPECT_EQ(info.judged->by, "valid_miou_predicted");
  EXPECT_DOUBLE_EQ(info.judged->score, result.best.predicted->mean_iou());
  EXPECT_DOUBLE_EQ(info.judged->chance, 1.0 / 3) << "two classes of half the pixels each";
  EXPECT_EQ(info.judged->iteration, 6) << "step 3 ends an epoch within the warm-up";
  for (const char* file : {"last.safetensors", "curve.svg", "predictions.png", "prototypes.png"})
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "run" / file)) << file;
  std::ifstream log(folder.path() / "run" / "log.jsonl");
  int steps = 0, epochs = 0;
  for (std::string line; std::getline(log, line);) {
    const auto json = nlohmann::json::parse(line);
    if (!json.contains("epoch")) {
      ++steps;
      continue;
    }
    ++epochs;
    EXPECT_EQ(json.at("warmup"), json.at("iteration") == 3);
    EXPECT_EQ(json.at("kept"), true) << "the newest while nothing is chosen, then the first after the warm-up";
    for (const char* key : {"valid_miou_predicted", "valid_miou_oracle", "valid_f1", "chance"})
      EXPECT_TRUE(json.at(key).is_number()) << key;
  }
  EXPECT_EQ(steps, 6);
  EXPECT_EQ(epochs, 2);
}

TEST(Train, HeadIsKeptOrTeaches) {
  const TemporaryFolder folder;
  write_patches(folder);
  core::SilentObserver observer;
  TrainJob job = job_for(folder, "head");
  job.presence.encoder = std::filesystem::path(WSI_LPD_SOURCE_DIR) / "tests/golden/tiny_encoder.ts.pt";
  const TrainResult with_head = run_job(job, {observer, kNever});
  const model::network::ModelInfo kept = model::network::read_model_info(with_head.model);
  ASSERT_TRUE(kept.presence);
  EXPECT_EQ(kept.presence->images, 12);
  ASSERT_TRUE(kept.judged);
  EXPECT_EQ(kept.judged->by, "valid_miou_predicted");

  job.run = folder / "taught";
  job.distil = true;
  job.unlabelled = scan_unlabelled(folder.path() / "valid" / "img", 2, false);
  const TrainResult taught = run_job(job, {observer, kNever});
  EXPECT_FALSE(model::network::read_model_info(taught.model).presence);
  const std::string log = core::read_text_file(job.run / "log.jsonl");
  const auto first = nlohmann::json::parse(log.substr(0, log.find('\n')));
  EXPECT_GT(first.at("teacher").get<double>(), 0);
}

TEST(Train, IsRepeatable) {
  const TemporaryFolder folder;
  write_patches(folder);
  core::SilentObserver observer;
  run_job(job_for(folder, "a"), {observer, kNever});
  run_job(job_for(folder, "b"), {observer, kNever});
  EXPECT_EQ(core::read_text_file(folder.path() / "a" / "last.safetensors"), core::read_text_file(folder.path() / "b" / "last.safetensors"));
}

TEST(Train, StopsBetweenStepsAndKeepsWholeFiles) {
  struct Stopper : core::SilentObserver {
    std::int64_t stop = 0;
    core::CancelFlag cancel{false};
    std::string what;
    void begin(const std::string& stage, std::int64_t, const std::string&) override { what = stage; }
    void advance(std::int64_t done, const std::string&) override { cancel = what == "training" && done == stop; }
  };
  const TemporaryFolder folder;
  write_patches(folder);
  core::SilentObserver silent;
  run_job(augmented_job(folder, "whole"), {silent, kNever});
  for (const std::int64_t stop :
       {2, 3, 4, 6}) {  // before an epoch, in the middle of its end, after it, in the middle of the last one's end
    SCOPED_TRACE(stop);
    const std::string run = "run" + std::to_string(stop);
    Stopper observer;
    observer.stop = stop;
    EXPECT_THROW(run_job(augmented_job(folder, run), {observer, observer.cancel}), core::Cancelled);
    EXPECT_TRUE(std::filesystem::exists(folder / run / "state.safetensors"));
    EXPECT_EQ(std::filesystem::exists(folder / run / "model.safetensors"), stop > 3) << "the first epoch leaves a model, warm-up or not";
    // … and goes on from there to the same end.
    TrainJob again = augmented_job(folder, run);
    again.resume = true;
    TrainJob renamed = again;
    std::swap(renamed.info.classes.names[0], renamed.info.classes.names[1]);
    EXPECT_THROW(run_job(renamed, {silent, kNever}), core::UsageError);
    core::write_text_file(folder / run / "state.safetensors.killed.part", "");
    EXPECT_EQ(run_job(again, {silent, kNever}).iterations, 6);
    for (const char* file : {"model.safetensors", "last.safetensors", "log.jsonl"})
      EXPECT_TRUE(core::read_text_file(folder / run / file) == core::read_text_file(folder / "whole" / file)) << file;
    EXPECT_FALSE(std::filesystem::exists(folder / run / "state.safetensors"));
    for (const auto& entry : std::filesystem::directory_iterator(folder / run)) EXPECT_NE(entry.path().extension(), ".part");
  }
}

TEST(Train, WithoutMasksHoldsImagesOutAndJudgesByTheirLabels) {
  const TemporaryFolder folder;
  write_patches(folder);
  std::filesystem::remove_all(folder / "valid");
  core::SilentObserver observer;
  TrainJob job = job_for(folder, "run");
  job.hold_out = 0.3;
  const TrainResult result = run_job(job, {observer, kNever});
  EXPECT_FALSE(result.best.predicted);
  EXPECT_EQ(result.best.judged.by, "valid_f1");
  EXPECT_EQ(model::network::read_model_info(result.model).judged->by, "valid_f1");
  EXPECT_THAT(core::read_text_file(folder.path() / "run" / "log.jsonl"), ::testing::HasSubstr("valid_f1"));
}

TEST(Train, StopsEarlyWhenNothingGetsBetter) {
  const TemporaryFolder folder;
  write_patches(folder);
  core::SilentObserver observer;
  TrainJob job = job_for(folder, "run");
  job.options.iterations = 60;
  job.options.lr = 1e-12;  // nothing is learnt
  job.options.lr_warmup_iterations = 0;
  job.patience = 2;
  EXPECT_EQ(run_job(job, {observer, kNever}).iterations, 12) << "after the warm-up of 3 steps the best at 6, two more epochs of 3";
}

struct Listener : core::SilentObserver {
  std::string warnings;
  void warn(const std::string& line) override { warnings += line + "\n"; }
};

TEST(Train, WarnsOfAModelThatIsNoBetterThanChance) {
  const TemporaryFolder folder;
  write_patches(folder);
  for (int i = 0; i < 4; ++i)  // one class everywhere is said best without looking
    image::write_labels_png(folder.path() / "valid" / "mask" / ("p" + std::to_string(i) + ".png"), core::Image(64, 64, 1, 1),
                            std::vector<core::Colour>(3));
  Listener observer;
  TrainJob job = job_for(folder, "run");
  const TrainResult result = run_job(job, {observer, kNever});
  EXPECT_EQ(result.best.judged.chance, 1);
  EXPECT_FALSE(result.best.judged.is_above_chance());
  EXPECT_THAT(observer.warnings, ::testing::HasSubstr("mIoU on valid/ with image labels predicted never rose above chance"));
}

TEST(Train, SaysThatMasksOfBackgroundAloneJudgeNothing) {
  const TemporaryFolder folder;
  write_patches(folder);
  for (int i = 0; i < 4; ++i)
    image::write_labels_png(folder.path() / "valid" / "mask" / ("p" + std::to_string(i) + ".png"), core::Image(64, 64, 1, 2),
                            std::vector<core::Colour>(3));
  Listener observer;
  EXPECT_EQ(run_job(job_for(folder, "run"), {observer, kNever}).best.judged.by, "nothing");
  EXPECT_THAT(observer.warnings, ::testing::HasSubstr("hold no class, only background"));
  EXPECT_THAT(core::read_text_file(folder / "run" / "log.jsonl"), ::testing::Not(::testing::HasSubstr("null")));
}

/// Goes on from the model of `first` with images of 64 pixels read at `size`.
TrainJob next_job(const TemporaryFolder& folder, const TrainResult& first, int size) {
  TrainJob job = job_for(folder, "next");
  job.options.from = first.model;
  job.info = model::network::read_model_info(first.model);
  job.images.size = size;
  return job;
}

TEST(Train, JudgesTheModelThatItBeginsWithAtItsOwnSize) {
  const TemporaryFolder folder;
  write_patches(folder);
  Listener observer;
  const core::Work work{observer, kNever};
  const TrainResult first = run_job(job_for(folder, "first"), work);
  const PreparedTraining prepared = prepare_training(next_job(folder, first, 96), work);
  auto begun = model::network::PatchModel::load(first.model, "cpu", 1);
  const Evaluation enlarged = evaluate({.oracle = false, .all_views = false, .crf = false, .shown = 0}, prepared.valid, begun, work);
  ASSERT_NE(enlarged.evaluated.front().matrix.mean_iou(), first.best.judged.score);
  EXPECT_THAT(observer.warnings, ::testing::HasSubstr("images are read at 96 px, and those of " + first.model.string() + " were at 64 px"));
  const TrainResult result = train(prepared, work);
  const std::string log = core::read_text_file(folder / "next/log.jsonl");
  const auto line = nlohmann::json::parse(log.substr(0, log.find('\n')));
  EXPECT_EQ(line.at("iteration"), 0);
  EXPECT_DOUBLE_EQ(line.at("valid_miou_predicted").get<double>(), first.best.judged.score);
  const model::network::ModelInfo kept = model::network::read_model_info(result.model),
                                  last = model::network::read_model_info(folder / "next/last.safetensors");
  EXPECT_EQ(kept.patch_size, kept.judged->iteration == 0 ? 64 : 96);
  EXPECT_EQ(last.patch_size, 96);
}

TEST(Train, ImagesGoOnFromAModelAtTheirOwnResolution) {
  const TemporaryFolder folder;
  write_patches(folder);
  Listener observer;
  const auto mpp_of = [&](const TrainResult& first, int size, std::optional<double> mpp) {
    TrainJob job = next_job(folder, first, size);
    job.mpp = mpp;
    observer.warnings.clear();
    return prepare_training(job, {observer, kNever}).job.info.mpp.value_or(0);
  };
  TrainJob enlarged = job_for(folder, "first");
  enlarged.images.size = 128;
  const TrainResult first = run_job(enlarged, {observer, kNever});
  EXPECT_EQ(model::network::read_model_info(first.model).mpp, 0.25);
  EXPECT_EQ(mpp_of(first, 128, 0.5), 0.25) << "the same images, the same way";
  EXPECT_THAT(observer.warnings, ::testing::Not(::testing::HasSubstr(first.model.string())));
  EXPECT_EQ(mpp_of(first, 128, {}), 0.25) << "that of the model, where that of the images is not known";
  EXPECT_EQ(mpp_of(first, 128, 0.8), 0.4);
  EXPECT_THAT(observer.warnings,
              ::testing::HasSubstr("the images have 0.4 um/px as the network sees them, and those of " + first.model.string() +
                                   " had 0.25: the new model reads slides at 0.4, and the score before the first step is that of the "
                                   "model before on images that it was not made for"));
  EXPECT_EQ(mpp_of(first, 64, 0.5), 0.5);
  EXPECT_THAT(observer.warnings,
              ::testing::HasSubstr("images are read at 64 px, and those of " + first.model.string() + " were at 128 px"));
  EXPECT_THAT(observer.warnings, ::testing::Not(::testing::HasSubstr("not made for"))) << "at 128 px these images are as they were";
}

TEST(Train, SaysWhichClassIsInNoImage) {
  Listener observer;
  const TemporaryFolder folder;
  write_patches(folder);
  for (const auto& entry : std::filesystem::directory_iterator(folder / "train"))
    if (entry.path().string().find("[01]") != std::string::npos) std::filesystem::remove(entry.path());
  run_job(job_for(folder, "run"), {observer, kNever});
  EXPECT_THAT(observer.warnings, ::testing::HasSubstr("class2 is in no training image"));
  EXPECT_THAT(observer.warnings, ::testing::HasSubstr("class1 is in every training image"));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
