// Evaluation: views, fusion, probabilities, CRF and metrics against numbers of the published LPD code.
#include <gtest/gtest.h>

#include "golden/golden.hpp"
#include "golden/golden_weights.hpp"
#include "wsi_lpd/crf/dense_crf.hpp"
#include "wsi_lpd/model/network/network.hpp"
#include "wsi_lpd/model/network/patch_model_impl.hpp"
#include "wsi_lpd/raster/confusion_matrix.hpp"

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

constexpr std::int64_t kMostOtherLabels = 224 * 224 / 10'000;

std::vector<std::uint8_t> bytes(const Tensor& tensor) {
  const Tensor flat = tensor.contiguous();
  return {flat.const_data_ptr<std::uint8_t>(), flat.const_data_ptr<std::uint8_t>() + flat.numel()};
}

void expect_labels(const std::vector<std::uint8_t>& actual, const Tensor& expected, const std::string& name) {
  EXPECT_LE(torch::tensor(actual).ne(expected.flatten()).sum().item<std::int64_t>(), kMostOtherLabels) << name;
}

/// Four probabilities a pixel, of which the fixture has every fourth row and column.
void expect_probabilities(const std::vector<float>& actual, const testing::Golden& expected, const std::string& name) {
  const Tensor every4 = torch::tensor(actual).view({4, 224, 224}).slice(1, 0, 224, 4).slice(2, 0, 224, 4);
  expected.expect_close(every4, name, 1e-4 * expected.at(name).max().item<double>());
}

/// The true image labels of patch `i` ("oracle"), or all of them.
Tensor image_labels(const testing::Golden& expected, const std::string& mode, std::int64_t i) {
  return mode == "oracle" ? expected.at("oracle_labels")[i].contiguous() : torch::ones(3);
}

void expect_metrics(const raster::ConfusionMatrix& matrix, const nlohmann::json& metrics, const std::string& name) {
  EXPECT_NEAR(100 * matrix.mean_iou(), metrics.at("mIoU_percent").get<double>(), 1e-4) << name;
  EXPECT_NEAR(100 * matrix.mean_dice(), metrics.at("mDice_percent").get<double>(), 1e-4) << name;
  EXPECT_NEAR(100 * matrix.frequency_weighted_iou(), metrics.at("FwIoU_percent").get<double>(), 1e-4) << name;
  const auto rows = metrics.at("confusion_rows_truth_cols_prediction").get<std::vector<std::vector<std::int64_t>>>();
  for (int t = 0; t < 4; ++t)
    for (int q = 0; q < 4; ++q) EXPECT_EQ(matrix.count(t, q), rows[static_cast<std::size_t>(t)][static_cast<std::size_t>(q)]) << name;
}

TEST(Golden, CrfImagesAreBitEqual) {
  const testing::Golden expected("evaluation");
  const InputNormaliser normalise(ModelInfo{}, torch::kCPU);
  const Tensor images = normalise.crf_images(normalise(expected.at("rgb_u8")));
  for (std::int64_t i = 0; i < 3; ++i) expected.expect_same_bytes(images[i], std::to_string(i) + ".crf_image_u8");
}

TEST(Golden, Evaluation) {
  const testing::Golden expected("evaluation");
  ModelInfo info;
  info.classes = core::default_class_scheme(3);
  LpdNetwork network(encoders::mix_transformer_shape("mit_b1"), 3, 3);
  testing::fill_golden(*network);
  {
    const torch::NoGradGuard no_grad;  // the golden network takes BGR
    Tensor first = network->named_parameters()["encoder.patch_embed1.proj.weight"];
    first.copy_(first.flip(1).clone());
  }
  PatchModel model(std::make_unique<PatchModel::Impl>(info, network, torch::kCPU));
  const std::vector<PatchMaps> patches = model.look({.count = 3, .size = 224, .rgb = bytes(expected.at("rgb_u8")), .labels = {}}, true);
  for (std::size_t i = 0; i < 3; ++i) {
    const PatchMaps& patch = patches[i];
    expected.expect_same_bytes(torch::tensor(patch.crf_image).view({224, 224, 3}), std::to_string(i) + ".crf_image_u8");
    for (const std::string mode : {"oracle", "all"}) {
      const std::string name = mode + "." + std::to_string(i) + ".";
      const Tensor labels = image_labels(expected, mode, static_cast<std::int64_t>(i));
      const auto probabilities = class_probabilities(patch, {labels.const_data_ptr<float>(), 3});
      expect_probabilities(probabilities, expected, name + "probs_every4");
      expect_labels(crf::most_probable_labels(probabilities, 4), expected.at(name + "argmax_labels"), name + "argmax");
      const auto crf = crf::dense_crf(probabilities, 4, {patch.crf_image.data(), 224, 224, 3, std::int64_t{3} * 224});
      expect_labels(crf::most_probable_labels(crf, 4), expected.at(name + "crf_labels"), name + "crf");
    }
  }
}

TEST(Golden, Metrics) {
  const testing::Golden expected("evaluation");
  const auto numbers = testing::golden_json("evaluation");
  for (const std::string mode : {"oracle", "all"}) {
    for (const std::string labels : {"argmax", "crf"}) {
      raster::ConfusionMatrix matrix(3);
      for (std::int64_t i = 0; i < 3; ++i) {
        const std::string name = mode + "." + std::to_string(i) + "." + labels + "_labels";
        matrix.add(bytes(expected.at("masks")[i]), bytes(expected.at(name)));
      }
      expect_metrics(matrix, numbers.at("metrics." + mode + "." + labels), mode + "." + labels);
    }
  }
}

/// Fused maps [3, 224, 224] of what the published network says of patch `i`, by the published formula.
Tensor fused_golden_views(const testing::Golden& expected, std::int64_t i) {
  namespace F = torch::nn::functional;
  Tensor fused = torch::zeros({3, 224, 224});
  for (const auto& [scale, share] : {std::pair{"2", 0.3}, {"3", 0.3}, {"4", 0.4}}) {
    const Tensor views = expected.at(std::to_string(i) + ".scale" + scale + ".views").relu();  // three as they are, three mirrored
    const Tensor low = views.amin({2, 3}, true), high = views.amax({2, 3}, true);
    const Tensor large =
        F::interpolate((views - low) / (high - low + 1e-6),
                       F::InterpolateFuncOptions().size(std::vector<std::int64_t>{224, 224}).mode(torch::kBilinear).align_corners(true));
    fused += share * torch::cat({large.narrow(0, 0, 3), large.narrow(0, 3, 3).flip(3)}).mean(0);
  }
  return fused;
}

/// Without our network: only the CRF stands between the published maps and the published labels.
TEST(Golden, CrfLabelsOfPublishedMaps) {
  const testing::Golden expected("evaluation");
  const InputNormaliser normalise(ModelInfo{}, torch::kCPU);
  const Tensor images = normalise.crf_images(normalise(expected.at("rgb_u8"))).contiguous();
  for (const std::string name : {"oracle.0.", "oracle.1.", "oracle.2.", "all.0."}) {
    const std::int64_t i = name[name.size() - 2] - '0';
    const Tensor labels = image_labels(expected, name.substr(0, name.size() - 3), i);
    const Tensor maps = (fused_golden_views(expected, i) * labels.view({3, 1, 1})).contiguous();
    const auto probabilities = class_probabilities({maps.const_data_ptr<float>(), maps.const_data_ptr<float>() + maps.numel()}, 3);
    expect_probabilities(probabilities, expected, name + "probs_every4");
    const auto crf = crf::dense_crf(probabilities, 4, {images[i].const_data_ptr<std::uint8_t>(), 224, 224, 3, std::int64_t{3} * 224});
    expect_labels(crf::most_probable_labels(crf, 4), expected.at(name + "crf_labels"), name + "crf");
  }
}

}  // namespace
}  // namespace wsi_lpd::model::network
