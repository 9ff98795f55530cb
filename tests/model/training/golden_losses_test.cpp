// Each loss and its gradients against numbers of the published LPD code.
#include <gtest/gtest.h>

#include "golden/golden.hpp"
#include "wsi_lpd/model/network/network.hpp"
#include "wsi_lpd/model/training/losses.hpp"
#include "wsi_lpd/model/training/similarity.hpp"
#include "wsi_lpd/model/training/training_loss.hpp"

namespace wsi_lpd::model::training {
namespace {

using torch::Tensor;

constexpr double kLossTolerance = 1e-5;      // relative
constexpr double kGradientTolerance = 2e-5;  // of the largest element
constexpr double kMaskTolerance = 5e-5;      // absolute

void expect_gradient(const Tensor& input, const Tensor& expected, const std::string& name) {
  ASSERT_TRUE(input.grad().defined()) << name;
  EXPECT_LE((input.grad() - expected).abs().max().item<double>(), kGradientTolerance * expected.abs().max().item<double>() + 1e-12) << name;
}

TEST(Golden, ClassificationLoss) {
  const testing::Golden expected("losses");
  std::array<Tensor, 4> logits;
  for (std::size_t s = 0; s < 4; ++s) logits[s] = expected.at("bce.logits" + std::to_string(s + 1)).clone().requires_grad_();
  const ClassificationLoss loss = classification_loss(logits, expected.at("bce.labels"), {0, 0.1, 1, 1});
  const auto value = expected.at("bce.loss").item<double>();
  EXPECT_NEAR(loss.total.item<double>(), value, kLossTolerance * value);
  EXPECT_NEAR(loss.levels[0].item<double>(), 1.259170651435852, kLossTolerance);
  loss.total.backward();
  for (std::size_t s = 0; s < 4; ++s) {
    const std::string name = "bce.grad.logits" + std::to_string(s + 1);
    expect_gradient(logits[s], expected.at(name), name);
  }
}

struct DiversityCase {
  std::string inputs;
  std::string variant;
  int k;
  DiversityOptions options;
};

TEST(Golden, DiversityLoss) {
  const testing::Golden expected("losses");
  const std::vector<DiversityCase> cases{{"div", "div.reference", 3, {.index_shift = 0, .softmaxes = 2}},
                                         {"div", "div.paper", 3, {.index_shift = 1, .softmaxes = 2}},
                                         {"div", "div.single_softmax", 3, {.index_shift = 1, .softmaxes = 1}},
                                         {"div2", "div2.reference", 2, {.index_shift = 0, .softmaxes = 2}}};
  for (const DiversityCase& c : cases) {
    const Tensor feature = expected.at(c.inputs + ".feature").clone().requires_grad_();
    const Tensor prototypes = expected.at(c.inputs + ".prototypes").clone().requires_grad_();
    const Tensor loss = diversity_loss(feature, prototypes, expected.at(c.inputs + ".mask"), c.k, c.options);
    const auto value = expected.at(c.variant + ".loss").item<double>();
    EXPECT_NEAR(loss.item<double>(), value, kLossTolerance * value) << c.variant;
    loss.backward();
    expect_gradient(feature, expected.at(c.variant + ".grad.feature"), c.variant + " feature");
    expect_gradient(prototypes, expected.at(c.variant + ".grad.prototypes"), c.variant + " prototypes");
  }
}

TEST(Golden, SelectedPrototypes) {
  const testing::Golden expected("losses");
  const Tensor selected = select_prototypes(expected.at("select.cls4"), expected.at("select.labels"), 3);
  EXPECT_TRUE(torch::equal(selected, expected.at("select.selected").nonzero()));
  EXPECT_EQ(select_prototypes(expected.at("select.cls4").narrow(1, 0, 3), expected.at("select.labels"), 1).size(0), 0);
}

TEST(Golden, MaskedImages) {
  const testing::Golden expected("losses");
  const Tensor images = expected.at("mask.image").clone().requires_grad_(), maps = expected.at("mask.cam").clone().requires_grad_();
  const MaskedImages masked = mask_images(images, maps, expected.at("mask.selected").nonzero(), 0.5);
  expected.expect_close(masked.foreground, "mask.fg_input", kMaskTolerance);
  expected.expect_close(masked.background, "mask.bg_input", kMaskTolerance);
  ((masked.foreground * expected.at("mask.wf")).sum() + (masked.background * expected.at("mask.wb")).sum()).backward();
  expect_gradient(images, expected.at("mask.grad.image"), "image");
  expect_gradient(maps, expected.at("mask.grad.cam"), "maps");
}

TEST(Golden, ContrastiveLosses) {
  const testing::Golden expected("losses");
  for (const std::string tag : {"info_fg", "info_bg"}) {
    const Tensor image = expected.at(tag + ".image").clone().requires_grad_();
    const Tensor own = expected.at(tag + ".fg_proto").clone().requires_grad_();
    const Tensor others = expected.at(tag + ".bg_proto").clone().requires_grad_();
    // each image has prototypes of its own here: row by row, its own prototype first
    std::vector<Tensor> rows;
    for (std::int64_t i = 0; i < image.size(0); ++i)
      rows.push_back(contrast_logits(image.narrow(0, i, 1), torch::cat({own.narrow(0, i, 1), others[i]}), 0.07));
    const Tensor first = torch::zeros({image.size(0)}, torch::kLong);
    const Tensor loss = tag == "info_fg" ? foreground_contrast(torch::cat(rows), first) : background_contrast(torch::cat(rows), first);
    const auto value = expected.at(tag + ".loss").item<double>();
    EXPECT_NEAR(loss.item<double>(), value, kLossTolerance * value) << tag;
    loss.backward();
    expect_gradient(image, expected.at(tag + ".grad.image"), tag + " image");
    expect_gradient(own, expected.at(tag + ".grad.fg_proto"), tag + " own");
    expect_gradient(others, expected.at(tag + ".grad.bg_proto"), tag + " others");
  }
}

}  // namespace
}  // namespace wsi_lpd::model::training
