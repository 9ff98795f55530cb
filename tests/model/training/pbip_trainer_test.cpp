#include <gtest/gtest.h>
#include <torch/script.h>

#include "model/training/tiny_training.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/model/network/network.hpp"
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::model::training {
namespace {

/// A frozen encoder of the prototypes' width: the mean colour, through fixed random numbers.
std::filesystem::path wide_encoder(const testing::TemporaryFolder& folder) {
  torch::jit::Module wide("wide");
  torch::manual_seed(1);
  wide.register_buffer("weight", torch::randn({3, network::kPrototypeWidth}));
  wide.define("def forward(self, images):\n  return torch.matmul(images.mean([2, 3]), self.weight)\n");
  wide.save((folder / "wide.ts").string());
  return folder / "wide.ts";
}

/// The first two images of a tiny batch, which carry one class each.
network::PatchBatch single_labels(unsigned seed) {
  network::PatchBatch batch = tiny_batch(seed);
  batch.count = 2;
  batch.rgb.resize(2 * kSize * kSize * 3);
  batch.labels.resize(2 * kClasses);
  return batch;
}

TEST(Trainer, PbipClustersItsPrototypesAndKeepsThem) {
  const testing::TemporaryFolder folder;
  network::ModelInfo info = tiny_info();
  info.method = "pbip";
  TrainOptions options = tiny_options();
  options.frozen_encoder = wide_encoder(folder);
  options.warmup_iterations = 0;
  options.loss.diversity_weight = 0;
  options.loss.batch_contrast = true;
  Trainer trainer(info, options);
  const auto cluster = [&](unsigned images) {
    trainer.cluster_prototypes([&] { return images > 0 ? single_labels(--images) : network::PatchBatch{}; });
  };
  EXPECT_THROW(cluster(2), core::Error) << "fewer images than prototypes";
  cluster(8);
  trainer.model().save(folder / "before");
  StepReport report;
  for (unsigned t = 0; t < 3; ++t) report = trainer.step(tiny_batch(t));
  EXPECT_GT(report.foreground, 0);
  trainer.model().save(folder / "after");
  const auto before = weights::read_safetensors(folder / "before").tensors, after = weights::read_safetensors(folder / "after").tensors;
  const torch::Tensor& bank = before.at("prototypes");
  EXPECT_LE((bank.norm(2, 1) - 1).abs().max().item<double>(), 1e-5);
  EXPECT_LT((bank[0] * bank[3]).sum().item<double>(), 0.9) << "the classes look alike";
  EXPECT_TRUE(torch::equal(bank, after.at("prototypes")));
  EXPECT_FALSE(torch::equal(before.at("l_fc4.fc2.weight"), after.at("l_fc4.fc2.weight")));

  options.bank = folder / "before";  // any file with such a tensor
  options.seed = 8;
  Trainer given(info, options);
  given.model().save(folder / "given");
  EXPECT_TRUE(torch::equal(weights::read_safetensors(folder / "given").tensors.at("prototypes"), bank));
  // A bank that names its classes gives each class its own, in whatever order.
  ASSERT_EQ(info.classes.count(), 2);
  const std::int64_t rows = bank.size(0);
  options.bank = folder / "bank";
  weights::write_safetensors(options.bank, {{{"prototypes", torch::cat({bank.slice(0, rows / 2), bank.slice(0, 0, rows / 2)})}},
                                            {{"classes", info.classes.names[1] + "," + info.classes.names[0]}}});
  Trainer(info, options).model().save(folder / "named");
  EXPECT_TRUE(torch::equal(weights::read_safetensors(folder / "named").tensors.at("prototypes"), bank));
  weights::write_safetensors(options.bank, {{{"prototypes", bank}}, {{"classes", "other," + info.classes.names[0]}}});
  EXPECT_THROW(Trainer(info, options), core::UsageError);
  options.bank = folder / "before";
  info.prototypes_per_class = 2;
  EXPECT_THROW(Trainer(info, options), core::UsageError);
}

}  // namespace
}  // namespace wsi_lpd::model::training
