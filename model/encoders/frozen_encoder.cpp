#include "wsi_lpd/model/encoders/frozen_encoder.hpp"

#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/model/encoders/resnet50.hpp"
#include "wsi_lpd/model/encoders/swin_transformer.hpp"
#include "wsi_lpd/model/encoders/vision_transformer.hpp"
#include "wsi_lpd/model/runtime/autocast.hpp"
#include "wsi_lpd/model/runtime/torch_error.hpp"
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::model::encoders {

namespace F = torch::nn::functional;
using torch::Tensor;
using Tensors = std::map<std::string, Tensor>;

namespace {

/// Tokens [N, h · w, D] to [N, D, h, w].
Tensor map_of(const Tensor& tokens, std::int64_t rows, std::int64_t columns) {
  return tokens.transpose(1, 2).unflatten(2, {rows, columns});
}

class SwinEncoder : public FrozenEncoder {
 public:
  SwinEncoder(const Tensors& weights, const torch::Device& device)
      : FrozenEncoder("swin_t", SwinTransformer::kFeature), network_(weights, device) {}

 private:
  Tensor encode(const Tensor& images) override { return network_.forward(images); }
  TokenMap encode_tokens(const Tensor& images) override {
    constexpr std::int64_t kSide = kInputSize / 32;
    return {map_of(network_.tokens(images), kSide, kSide), {}};
  }

  SwinTransformer network_;
};

class VisionTransformerEncoder : public FrozenEncoder {
 public:
  VisionTransformerEncoder(const Tensors& weights, const EncoderInfo& info, const torch::Device& device)
      : VisionTransformerEncoder(VisionTransformer(weights, info.transformer, device), info) {}

  using FrozenEncoder::convert_inputs;

 private:
  VisionTransformerEncoder(VisionTransformer network, const EncoderInfo& info)
      : FrozenEncoder(info.name, network.feature_width(), info.input_size), network_(std::move(network)) {}
  std::int64_t size_step() const override { return network_.shape().patch; }
  Tensor encode(const Tensor& images) override { return network_.forward(images); }
  TokenMap encode_tokens(const Tensor& images) override {
    const VisionTransformerShape& shape = network_.shape();
    const Tensor tokens = network_.tokens(images);
    return {map_of(tokens.slice(1, 1 + shape.registers), images.size(2) / shape.patch, images.size(3) / shape.patch), tokens.select(1, 0)};
  }

  VisionTransformer network_;
};

class ResNetEncoder : public FrozenEncoder {
 public:
  ResNetEncoder(const Tensors& weights, const EncoderInfo& info, const torch::Device& device)
      : FrozenEncoder(info.name, ResNet50::kWidth, info.input_size), network_(weights, device) {}

  using FrozenEncoder::convert_inputs;

 private:
  double presence_scale() const override { return kSmallScale; }
  std::int64_t size_step() const override { return ResNet50::kStride; }
  Tensor encode(const Tensor& images) override { return network_.forward(images); }
  TokenMap encode_tokens(const Tensor& images) override { return {network_.map(images), {}}; }

  ResNet50 network_;
};

std::string shape_of(const Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

class ScriptedEncoder : public FrozenEncoder {
 public:
  ScriptedEncoder(const EncoderFile& file, const torch::Device& device) : FrozenEncoder(file.name, 0) {
    std::istringstream stream(std::string(reinterpret_cast<const char*>(file.script.const_data_ptr<std::uint8_t>()),
                                          static_cast<std::size_t>(file.script.numel())));
    module_ = torch::jit::load(stream, device);
    module_.eval();
    for (const Tensor& parameter : module_.parameters()) {
      parameter.set_requires_grad(false);
      if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));  // convolutions are faster so
    }
    const torch::NoGradGuard no_grad;
    const Tensor output = run(torch::zeros({2, 3, kInputSize, kInputSize}, device));
    if ((output.dim() != 2 && output.dim() != 4) || output.size(0) != 2)
      throw core::Error("it gives features of another shape than [N, D] or [N, D, h, w]");
    set_width(output.size(1));
    has_tokens_ = output.dim() == 4;
    try {
      const std::int64_t side = shown_size(kSmallScale);
      const Tensor smaller = run(torch::zeros({2, 3, side, side}, device));
      if (smaller.dim() == output.dim() && smaller.size(0) == 2 && smaller.size(1) == output.size(1)) presence_scale_ = kSmallScale;
    } catch (const core::Error&) {  // it was made for one size
    }
  }
  bool has_tokens() const override { return has_tokens_; }
  double presence_scale() const override { return presence_scale_; }

 private:
  Tensor run(const Tensor& images) {
    try {
      return module_.forward({images}).toTensor();
    } catch (const c10::Error& error) {
      throw core::Error(name() + " fails on images " + shape_of(images) + ": " + runtime::first_cause(error.what_without_backtrace()));
    } catch (const std::exception& error) {  // TorchScript's own, which know no c10::Error
      throw core::Error(name() + " fails on images " + shape_of(images) + ": " + runtime::first_cause(error.what()));
    }
  }
  std::int64_t size_step() const override { return kInputSize / 7; }  // as most networks have it
  Tensor encode(const Tensor& images) override { return has_tokens_ ? run(images).mean({2, 3}) : run(images); }
  TokenMap encode_tokens(const Tensor& images) override { return {run(images), {}}; }

  torch::jit::Module module_;
  bool has_tokens_ = false;
  double presence_scale_ = 1;
};

template <class Encoder>
std::unique_ptr<FrozenEncoder> imported(const Tensors& weights, const EncoderInfo& info, const torch::Device& device,
                                        const std::optional<InputStatistics>& images) {
  auto encoder = std::make_unique<Encoder>(weights, info, device);
  if (images && *images != info.statistics) encoder->convert_inputs(*images, info.statistics, device);
  return encoder;
}

}  // namespace

void FrozenEncoder::convert_inputs(const InputStatistics& from, const InputStatistics& to, const torch::Device& device) {
  const auto channels = [&](const std::array<float, 3>& values) {
    return torch::tensor(at::ArrayRef<float>(values)).to(torch::kDouble).view({3, 1, 1});
  };
  factor_ = (channels(from.std) / channels(to.std)).to(device, torch::kFloat);
  shift_ = ((channels(from.mean) - channels(to.mean)) / channels(to.std)).to(device, torch::kFloat);
}

std::int64_t FrozenEncoder::shown_size(double scale) const {
  if (scale == 1) return input_size_;
  const std::int64_t step = size_step();
  return std::max<std::int64_t>(1, std::llround(scale * static_cast<double>(input_size_) / static_cast<double>(step))) * step;
}

Tensor FrozenEncoder::prepared(const Tensor& images, double scale) const {
  const std::int64_t side = shown_size(scale);
  const bool fits = images.size(2) == side && images.size(3) == side;
  const auto options =
      F::InterpolateFuncOptions().size(std::vector{side, side}).mode(torch::kBilinear).align_corners(false).antialias(scale < 1);
  const Tensor resized = fits ? images : F::interpolate(images, options);
  const Tensor input = factor_.defined() ? resized * factor_ + shift_ : resized;
  return input.contiguous(at::MemoryFormat::ChannelsLast);
}

Tensor FrozenEncoder::operator()(const Tensor& images, bool bfloat16, double scale) {
  const Tensor input = prepared(images, scale);
  const runtime::Autocast autocast(images.device(), bfloat16);
  return encode(input).to(torch::kFloat);
}

TokenMap FrozenEncoder::tokens(const Tensor& images, bool bfloat16, double scale) {
  if (!has_tokens()) throw core::Error("the encoder " + name_ + " gives features only, no map of where they are");
  const Tensor input = prepared(images, scale);
  const runtime::Autocast autocast(images.device(), bfloat16);
  TokenMap tokens = encode_tokens(input);
  tokens.map = tokens.map.to(torch::kFloat);
  if (tokens.cls.defined()) tokens.cls = tokens.cls.to(torch::kFloat);
  return tokens;
}

EncoderFile read_encoder_file(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) throw core::UsageError(path.string() + ": no such file; a frozen encoder is a file");
  EncoderFile result{.name = path.filename().string(), .tensors = {}, .metadata = {}, .script = {}};
  if (path.extension() == ".safetensors") {
    weights::TensorFile file = weights::read_safetensors(path);
    result.tensors = std::move(file.tensors);
    result.metadata = std::move(file.metadata);
  } else {
    const std::string bytes = core::read_text_file(path);
    result.script = torch::empty({static_cast<std::int64_t>(bytes.size())}, torch::kByte);
    std::copy(bytes.begin(), bytes.end(), result.script.data_ptr<std::uint8_t>());
  }
  return result;
}

std::unique_ptr<FrozenEncoder> open_encoder(const EncoderFile& file, const torch::Device& device,
                                            const std::optional<InputStatistics>& images) {
  if (file.script.defined()) {
    const std::string wanted = "not a TorchScript encoder from normalised RGB [N, 3, 224, 224] to [N, D] or [N, D, h, w]";
    return core::with_context(
        wanted, [&] { return runtime::with_torch_errors(wanted, [&] { return std::make_unique<ScriptedEncoder>(file, device); }); });
  }
  const std::optional<EncoderInfo> info = encoder_from_metadata(file.metadata);
  if (!info && !file.tensors.contains("embeddings.norm.weight"))
    throw core::Error("is neither a Swin-T nor of weights import; other encoders become files with: wsi-lpd weights import FILE");
  Tensors tensors = file.tensors;
  for (auto& [name, tensor] : tensors)
    if (tensor.is_floating_point()) tensor = tensor.to(torch::kFloat);
  if (!info) return std::make_unique<SwinEncoder>(tensors, device);
  if (info->architecture == kResNet50) return imported<ResNetEncoder>(tensors, *info, device, images);
  return imported<VisionTransformerEncoder>(tensors, *info, device, images);
}

std::unique_ptr<FrozenEncoder> load_frozen_encoder(const std::filesystem::path& path, const torch::Device& device,
                                                   const std::optional<InputStatistics>& images) {
  const EncoderFile file = read_encoder_file(path);
  return core::with_context(path.string(), [&] { return open_encoder(file, device, images); });
}

}  // namespace wsi_lpd::model::encoders
