#include "wsi_lpd/model/encoders/resnet50.hpp"

#include <gmock/gmock.h>

#include <iostream>

#include "golden/golden_encoders.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/encoders/frozen_encoder.hpp"
#include "wsi_lpd/model/imports/weights_import.hpp"

namespace wsi_lpd::model::encoders {
namespace {

using testing::relative_difference;
using ::testing::SizeIs;
using torch::Tensor;

constexpr double kTolerance = 1e-4;

TEST(GoldenResNet50, MapAndFeaturesAreThoseOfTorchvision) {
  testing::TemporaryFolder folder;
  const nlohmann::json network = testing::golden_encoder("resnet50");
  const std::filesystem::path output = folder / "encoder.safetensors", source = testing::write_golden_encoder(folder / "source", network);
  weights::TensorFile file = weights::read_safetensors(source);
  file.tensors["bn1.num_batches_tracked"] = torch::ones({}, torch::kLong);
  weights::write_safetensors(source, file);
  imports::ImportOptions options;
  options.encoder.input_size = 64;
  const imports::ImportReport report = imports::import_weights(source, output, options);
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.architecture, "resnet50");
  EXPECT_THAT(report.ignored, SizeIs(3));
  const auto encoder = load_frozen_encoder(output, torch::kCPU);
  EXPECT_EQ(encoder->width(), ResNet50::kWidth);
  EXPECT_EQ(encoder->name(), "resnet50");
  const c10::InferenceMode inference;
  const Tensor images = testing::golden_encoder_images(1, 64, 64);
  const testing::Golden golden("encoders");
  const TokenMap map = encoder->tokens(images);
  const double of_map = relative_difference(map.map, golden.at("resnet50.map")),
               of_features = relative_difference((*encoder)(images), golden.at("resnet50.features"));
  std::cout << "resnet50: differs by " << of_map << ", features " << of_features << " of the largest value\n";
  EXPECT_LE(of_map, kTolerance);
  EXPECT_LE(of_features, kTolerance);
  EXPECT_FALSE(map.cls.defined());
}

TEST(ResNet50, RefusesWhatIsNone) {
  std::map<std::string, Tensor> weights;
  for (const auto& [name, sizes] : ResNet50::shapes()) weights[name] = torch::ones(sizes);
  auto changed = weights;
  changed.erase("bn1.bias");
  EXPECT_THROW(ResNet50(changed, torch::kCPU), core::Error);
  changed = weights;
  changed["layer1.0.conv1.weight"] = torch::zeros({1});
  EXPECT_THROW(ResNet50(changed, torch::kCPU), core::Error);
  changed = weights;
  changed["layer1.3.conv1.weight"] = torch::zeros({1});
  EXPECT_THROW(ResNet50(changed, torch::kCPU), core::Error);
}

}  // namespace
}  // namespace wsi_lpd::model::encoders
