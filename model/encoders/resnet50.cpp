#include "wsi_lpd/model/encoders/resnet50.hpp"

#include <array>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::encoders {

using torch::Tensor;

namespace {

constexpr std::array<std::int64_t, 4> kDepths{3, 4, 6, 3};
constexpr std::int64_t kStem = 64, kExpansion = 4;
constexpr double kEpsilon = 1e-5;  // of the batch norms

struct ConvolutionShape {
  std::string name, norm;
  std::vector<std::int64_t> sizes;
};

std::string block_name(std::size_t stage, std::int64_t block) {
  return "layer" + std::to_string(stage + 1) + "." + std::to_string(block) + ".";
}

std::vector<ConvolutionShape> convolution_shapes() {
  std::vector<ConvolutionShape> result{{"conv1", "bn1", {kStem, 3, 7, 7}}};
  std::int64_t in = kStem;
  for (std::size_t stage = 0; stage < kDepths.size(); ++stage) {
    const std::int64_t inner = kStem << stage, out = kExpansion * inner;
    for (std::int64_t j = 0; j < kDepths[stage]; ++j) {
      const std::string block = block_name(stage, j);
      result.push_back({block + "conv1", block + "bn1", {inner, in, 1, 1}});
      result.push_back({block + "conv2", block + "bn2", {inner, inner, 3, 3}});
      result.push_back({block + "conv3", block + "bn3", {out, inner, 1, 1}});
      if (j == 0) result.push_back({block + "downsample.0", block + "downsample.1", {out, in, 1, 1}});
      in = out;
    }
  }
  return result;
}

}  // namespace

std::map<std::string, std::vector<std::int64_t>> ResNet50::shapes() {
  std::map<std::string, std::vector<std::int64_t>> result;
  for (const ConvolutionShape& convolution : convolution_shapes()) {
    result[convolution.name + ".weight"] = convolution.sizes;
    for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"}) result[convolution.norm + part] = {convolution.sizes[0]};
  }
  return result;
}

ResNet50::ResNet50(const std::map<std::string, Tensor>& weights, const torch::Device& device) {
  const auto wanted = shapes();
  for (const auto& [name, sizes] : wanted) {
    const auto found = weights.find(name);
    if (found == weights.end()) throw core::Error("no ResNet50: the tensor " + name + " is missing");
    if (found->second.sizes() != sizes) throw core::Error("no ResNet50: the tensor " + name + " has another shape");
  }
  for (const auto& [name, tensor] : weights)
    if (!wanted.contains(name)) throw core::Error("no ResNet50: the tensor " + name + " is unknown");
  for (const ConvolutionShape& shape : convolution_shapes()) {
    const auto get = [&](const std::string& name) { return weights.at(name).detach().to(torch::kDouble); };
    const Tensor factor = get(shape.norm + ".weight") / (get(shape.norm + ".running_var") + kEpsilon).sqrt();
    const Tensor weight = get(shape.name + ".weight") * factor.view({-1, 1, 1, 1});
    const Tensor bias = get(shape.norm + ".bias") - get(shape.norm + ".running_mean") * factor;
    convolutions_[shape.name] = {weight.to(device, torch::kFloat).contiguous(at::MemoryFormat::ChannelsLast),
                                 bias.to(device, torch::kFloat)};
  }
}

Tensor ResNet50::convolve(const Tensor& input, const std::string& name, std::int64_t stride) const {
  const Convolution& convolution = convolutions_.at(name);
  return torch::conv2d(input, convolution.weight, convolution.bias, stride, convolution.weight.size(3) / 2);
}

Tensor ResNet50::bottleneck(const Tensor& input, const std::string& name, std::int64_t stride) const {
  Tensor branch = torch::relu(convolve(input, name + "conv1"));
  branch = torch::relu(convolve(branch, name + "conv2", stride));
  branch = convolve(branch, name + "conv3");
  const std::string shortcut = name + "downsample.0";
  return torch::relu(branch + (convolutions_.contains(shortcut) ? convolve(input, shortcut, stride) : input));
}

Tensor ResNet50::map(const Tensor& images) const {
  Tensor map = torch::max_pool2d(torch::relu(convolve(images, "conv1", 2)), 3, 2, 1);
  for (std::size_t stage = 0; stage < kDepths.size(); ++stage)
    for (std::int64_t j = 0; j < kDepths[stage]; ++j) map = bottleneck(map, block_name(stage, j), j == 0 && stage > 0 ? 2 : 1);
  return map;
}

}  // namespace wsi_lpd::model::encoders
