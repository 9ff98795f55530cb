#include "wsi_lpd/model/training/trainer.hpp"

#include <gtest/gtest.h>
#include <torch/script.h>

#include <fstream>
#include <iterator>

#include "model/training/tiny_training.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/crf/dense_crf.hpp"
#include "wsi_lpd/model/encoders/vision_transformer.hpp"
#include "wsi_lpd/model/network/network.hpp"
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::model::training {
namespace {

TEST(Trainer, GoesOnFromAModelWithoutChangingItsEncoder) {
  const testing::TemporaryFolder folder;
  Trainer first(tiny_info(), tiny_options());
  for (unsigned step = 0; step < 3; ++step) first.step(tiny_batch(step));
  const std::filesystem::path file = folder / "model.safetensors";
  first.model().save(file);

  TrainOptions options = tiny_options();
  options.from = file;
  options.freeze_encoder = true;
  options.warmup_iterations = 0;
  Trainer next(tiny_info(), options);
  const network::PatchBatch seen = tiny_batch(50);
  EXPECT_EQ(next.model().look(seen, false).front().maps, first.model().look(seen, false).front().maps) << "begins as the model was";
  for (unsigned step = 0; step < 5; ++step) next.step(tiny_batch(step));
  next.model().save(folder / "next.safetensors");
  const auto before = weights::read_safetensors(file).tensors, after = weights::read_safetensors(folder / "next.safetensors").tensors;
  ASSERT_EQ(before.size(), after.size());
  for (const auto& [name, tensor] : before) EXPECT_EQ(torch::equal(tensor, after.at(name)), name.starts_with("encoder.")) << name;

  network::ModelInfo other = tiny_info();
  other.prototypes_per_class = 5;
  EXPECT_THROW(Trainer(other, options), core::Error);
}

TEST(Trainer, CalibratesOnNoImagesNever) {
  Trainer trainer(tiny_info(), tiny_options());
  EXPECT_THROW(trainer.model().calibrate([] { return network::PatchBatch{}; }), core::Error);
  EXPECT_TRUE(trainer.model().info().calibration.empty());
}

TEST(Trainer, ImagesWithoutLabelsDoNotCountInTheClassification) {
  TrainOptions options = tiny_options();
  options.drop_path = 0;
  const network::PatchBatch labelled = tiny_batch(0);
  network::PatchBatch more = labelled;
  append(more, tiny_batch(1));
  std::fill(more.labels.begin() + static_cast<std::ptrdiff_t>(labelled.labels.size()), more.labels.end(), NAN);
  more.presence.assign(more.labels.size(), NAN);
  std::fill(more.presence.end() - 4, more.presence.end(), 0.5F);
  const StepReport alone = Trainer(tiny_info(), options).step(labelled), together = Trainer(tiny_info(), options).step(more);
  EXPECT_NEAR(together.classification, alone.classification, 1e-5);
  EXPECT_EQ(alone.teacher, 0);
  EXPECT_GT(together.teacher, 0.6);  // log 2 at least
  EXPECT_NEAR(together.total, together.classification + together.teacher, 1e-4);
}

TEST(Trainer, ViewsOfOneImageAgreeMoreAndMore) {
  TrainOptions options = tiny_options();
  options.warmup_iterations = options.iterations;
  options.drop_path = 0;
  options.loss.class_weights = {0, 0, 0, 0};
  network::PatchBatch batch = tiny_batch(0);
  append(batch, tiny_batch(7));  // other noise
  batch.paired = true;
  Trainer trainer(tiny_info(), options);
  const double first = trainer.step(batch).agreement;
  double last = first;
  for (int t = 1; t < 20; ++t) last = trainer.step(batch).agreement;
  EXPECT_GT(first, 0);
  EXPECT_LT(last, 0.5 * first);
}

TEST(Trainer, LearnsFromPixelsWhoseClassIsKnown) {
  TrainOptions options = tiny_options();
  options.lr = 1e-3;
  options.iterations = 30;
  options.warmup_iterations = 30;
  options.loss.pixel_weight = 2;
  Trainer trainer(tiny_info(), options);
  network::PatchBatch batch = tiny_batch(0);
  EXPECT_EQ(trainer.step(batch).pixel, 0);
  const std::size_t side = static_cast<std::size_t>(batch.size), half = side * side / 2;
  for (int i = 0; i < batch.count; ++i) {
    batch.pixels.insert(batch.pixels.end(), half, network::kUnknownPixel);
    batch.pixels.insert(batch.pixels.end(), half, static_cast<std::uint8_t>(i % 2));
  }
  const StepReport first = trainer.step(batch);
  EXPECT_NEAR(first.total, first.classification + 2 * first.pixel, 1e-4);
  double last = 0;
  for (int t = 2; t < 30; ++t) last = trainer.step(batch).pixel;
  EXPECT_LT(last, 0.7 * first.pixel);
}

TEST(Trainer, FrozenEncoderOfAnyWidthTeachesAfterTheWarmUp) {
  testing::TemporaryFolder folder;
  torch::jit::Module mean_colour("mean_colour");
  mean_colour.define("def forward(self, images):\n  return images.mean([2, 3])\n");
  mean_colour.save((folder / "encoder.ts").string());
  TrainOptions options = tiny_options();
  options.warmup_iterations = 2;
  options.frozen_encoder = folder / "encoder.ts";
  Trainer trainer(tiny_info(), options);
  for (unsigned t = 0; t < 4; ++t) {
    const StepReport report = trainer.step(tiny_batch(t));
    EXPECT_EQ(report.selected > 0, t >= 2) << t;
    EXPECT_EQ(report.foreground > 0, t >= 2) << t;
    EXPECT_NEAR(report.total,
                report.classification + 0.5 * report.diversity + 0.1 * (report.foreground + report.background + 0.0005 * report.map_mean),
                1e-4)
        << t;
  }
}

TEST(Trainer, ImportedEncodersSeeImagesInTheirOwnStatistics) {
  testing::TemporaryFolder folder;
  const encoders::VisionTransformerShape shape{.width = 16, .depth = 1, .patch = 8, .rows = 2, .columns = 2, .hidden = 16};
  weights::TensorFile file;
  torch::manual_seed(0);
  for (const auto& [name, sizes] : encoders::VisionTransformer::shapes(shape)) file.tensors[name] = torch::randn(sizes);
  const auto foreground = [&](const encoders::InputStatistics& statistics) {
    encoders::EncoderInfo encoder{.architecture = encoders::kVisionTransformer, .name = "tiny", .input_size = 16, .statistics = statistics};
    encoder.transformer.heads = 2;
    file.metadata = encoders::metadata_from_encoder(encoder);
    TrainOptions options = tiny_options();
    options.warmup_iterations = 0;
    options.frozen_encoder = folder / "encoder.safetensors";
    weights::write_safetensors(options.frozen_encoder, file);
    return Trainer(tiny_info(), options).step(tiny_batch(0)).foreground;
  };
  const double own = foreground({tiny_info().mean, tiny_info().std}), other = foreground(encoders::kImageNetStatistics);
  EXPECT_GT(own, 0);
  EXPECT_GT(other, 0);
  EXPECT_GT(std::abs(own - other), 1e-3);
}

TEST(Trainer, KeepsTheLicencesOfTheWeightsItStartsFrom) {
  testing::TemporaryFolder folder;
  TrainOptions options = tiny_options();
  options.ema = 0.9;
  Trainer random(tiny_info(), options);
  EXPECT_TRUE(random.model().info().weights.empty());
  random.model().save(folder / "ours.safetensors");
  weights::TensorFile encoder;
  for (auto& [name, tensor] : weights::read_safetensors(folder / "ours.safetensors").tensors)
    if (name.starts_with("encoder.")) encoder.tensors[name.substr(8)] = tensor;
  encoder.metadata["licence"] = "CC BY 4.0";
  options.weights = folder / "mit_b0.safetensors";
  weights::write_safetensors(options.weights, encoder);
  Trainer trainer(tiny_info(), options);
  const std::map<std::string, network::UsedWeights> expected{{"encoder", {"mit_b0.safetensors", "CC BY 4.0"}}};
  EXPECT_EQ(trainer.model().info().weights, expected);
  trainer.model().save(folder / "second.safetensors");
  options.weights = folder / "second.safetensors";
  Trainer third(tiny_info(), options);
  EXPECT_EQ(third.model().info().weights.at("encoder"), (network::UsedWeights{"second.safetensors", "CC BY 4.0"}));
}

TEST(Trainer, RefusesWhatCannotTeach) {
  testing::TemporaryFolder folder;
  TrainOptions options = tiny_options();
  options.frozen_encoder = folder / "nowhere.ts";
  EXPECT_THROW(Trainer(tiny_info(), options), core::UsageError);
  std::ofstream(folder / "text.ts") << "no module";
  options.frozen_encoder = folder / "text.ts";
  EXPECT_THROW(Trainer(tiny_info(), options), core::Error);
  options = tiny_options();
  options.loss.diversity = Diversity::Reference;  // mit_b0 has a stage 4 of another width than the prototypes
  EXPECT_THROW(Trainer(tiny_info(), options), core::UsageError);
}

TEST(Trainer, LearnsTwoTinyClassesFromImageLabels) {
  Trainer trainer(tiny_info(), tiny_options());
  StepReport first, last;
  for (unsigned t = 0; t < 30; ++t) {
    last = trainer.step(tiny_batch(t));
    if (t == 0) first = last;
    EXPECT_EQ(last.diversity > 0, t >= 10) << t;
  }
  EXPECT_LT(last.classification, 0.5 * first.classification);
  EXPECT_NEAR(last.total, last.classification + 0.5 * last.diversity, 1e-4);
  EXPECT_EQ(trainer.iteration(), 30);

  calibrate(trainer);
  const network::PatchBatch batch = tiny_batch(1000);
  std::vector<std::uint8_t> with_labels;
  const std::vector<network::PatchMaps> maps = trainer.model().look(batch, true);
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const auto labels = crf::most_probable_labels(
        network::class_probabilities(maps[i], std::span(batch.labels).subspan(i * kClasses, kClasses)), kClasses + 1);
    with_labels.insert(with_labels.end(), labels.begin(), labels.end());
  }
  for (const auto& labels : {with_labels, trainer.model().segment_unlabelled(batch)}) {
    ASSERT_EQ(labels.size(), 6U * kSize * kSize);
    const auto at = [&](int image, int y, int x) { return labels[static_cast<std::size_t>((image * kSize + y) * kSize + x)]; };
    EXPECT_EQ(at(0, 32, 32), 0);
    EXPECT_EQ(at(1, 32, 32), 1);
    EXPECT_EQ(at(2, 32, 8), 0);
    EXPECT_EQ(at(2, 32, 56), 1);
  }
}

TEST(Trainer, SameSeedSameBytesOtherSeedOthers) {
  const testing::TemporaryFolder folder;
  const auto run = [&](const std::string& name, std::uint64_t seed) {
    TrainOptions options = tiny_options();
    options.seed = seed;
    options.warmup_iterations = 1;
    Trainer trainer(tiny_info(), options);
    for (unsigned t = 0; t < 3; ++t) trainer.step(tiny_batch(t));
    trainer.model().save(folder / name);
    return core::read_text_file(folder / name);
  };
  const std::string a = run("a", 5);
  EXPECT_TRUE(a == run("b", 5));
  EXPECT_FALSE(a == run("c", 6));
}

TEST(Trainer, SavedModelSaysWhatItIs) {
  const testing::TemporaryFolder folder;
  Trainer trainer(tiny_info(), tiny_options());
  trainer.step(tiny_batch(0));
  EXPECT_THROW(trainer.model().segment_unlabelled(tiny_batch(0)), core::Error);
  calibrate(trainer);
  trainer.model().save(folder / "m.safetensors");
  const network::ModelInfo info = network::read_model_info(folder / "m.safetensors");
  EXPECT_EQ(info.classes, tiny_info().classes);
  EXPECT_EQ(info.provenance.at("iterations"), "1");
  EXPECT_EQ(info.calibration.score_threshold, trainer.model().info().calibration.score_threshold);
}

TEST(Trainer, TakesUpAStateToTheBit) {
  const testing::TemporaryFolder folder;
  TrainOptions options = tiny_options();
  options.ema = 0.9;
  options.warmup_iterations = 2;
  Trainer whole(tiny_info(), options);
  for (unsigned t = 0; t < 6; ++t) {
    if (t == 3) whole.save_state(folder / "state", {{"note", "three"}});
    whole.step(tiny_batch(t));
  }
  whole.model().save(folder / "whole");
  options.seed = 99;  // whatever it starts from is replaced
  Trainer parts(tiny_info(), options);
  EXPECT_EQ(parts.load_state(folder / "state").at("note"), "three");
  EXPECT_EQ(parts.iteration(), 3);
  for (unsigned t = 3; t < 6; ++t) parts.step(tiny_batch(t));
  parts.model().save(folder / "parts");
  EXPECT_TRUE(core::read_text_file(folder / "whole") == core::read_text_file(folder / "parts"));

  network::ModelInfo other = tiny_info();
  other.prototypes_per_class = 2;
  Trainer narrow(other, tiny_options());
  EXPECT_THROW(narrow.load_state(folder / "state"), core::Error);
  EXPECT_THROW(narrow.load_state(folder / "whole"), core::Error);
}

TEST(Trainer, AverageOfWeightsLagsBehind) {
  TrainOptions options = tiny_options();
  const testing::TemporaryFolder folder;
  const auto run = [&](double ema) {
    options.ema = ema;
    Trainer trainer(tiny_info(), options);
    for (unsigned t = 0; t < 5; ++t) trainer.step(tiny_batch(t));
    trainer.model().save(folder / "m");
    return core::read_text_file(folder / "m");
  };
  EXPECT_FALSE(run(0.9) == run(0));
}

TEST(Trainer, Bfloat16FollowsTheSameCurve) {
  const auto curve = [](bool bfloat16) {
    TrainOptions options = tiny_options();
    options.bfloat16 = bfloat16;
    options.drop_path = 0;
    Trainer trainer(tiny_info(), options);
    std::vector<double> losses;
    for (unsigned t = 0; t < 12; ++t) losses.push_back(trainer.step(tiny_batch(t)).classification);
    return losses;
  };
  const auto full = curve(false), half = curve(true);
  for (std::size_t t = 0; t < full.size(); ++t) EXPECT_NEAR(half[t], full[t], 0.05 * full[0]) << t;
}

TEST(Trainer, StopsWhenTheLossIsNotFinite) {
  TrainOptions options = tiny_options();
  options.lr = 1e30;
  options.warmup_iterations = 0;
  Trainer trainer(tiny_info(), options);
  EXPECT_THROW(
      {
        for (unsigned t = 0; t < 10; ++t) trainer.step(tiny_batch(t));
      },
      core::Error);
  const testing::TemporaryFolder folder;
  trainer.model().save(folder / "a");
  EXPECT_THROW(trainer.step(tiny_batch(11)), core::Error);
  trainer.model().save(folder / "b");
  EXPECT_TRUE(core::read_text_file(folder / "a") == core::read_text_file(folder / "b")) << "a step that failed changed the weights";
}

TEST(Trainer, RefusesADeviceThatIsNotHere) {
  TrainOptions options = tiny_options();
  options.device = "cuda:99";
  EXPECT_THROW(Trainer(tiny_info(), options), core::Error);
}

}  // namespace
}  // namespace wsi_lpd::model::training
