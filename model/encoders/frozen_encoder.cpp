#include "wsi_lpd/model/encoders/frozen_encoder.hpp"

#include <torch/script.h>

#include "wsi_lpd/model/encoders/swin_transformer.hpp"
#include "wsi_lpd/model/runtime/autocast.hpp"
#include "wsi_lpd/model/runtime/torch_error.hpp"
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::model::encoders {

namespace F = torch::nn::functional;
using torch::Tensor;

namespace {

class SwinEncoder : public FrozenEncoder {
 public:
  SwinEncoder(const std::filesystem::path& path, const torch::Device& device) : network_(weights::read_safetensors(path).tensors, device) {}

 private:
  Tensor encode(const Tensor& images) override { return network_.forward(images); }

  SwinTransformer network_;
};

class ScriptedEncoder : public FrozenEncoder {
 public:
  ScriptedEncoder(const std::filesystem::path& path, const torch::Device& device) : module_(torch::jit::load(path.string(), device)) {
    module_.eval();
    for (const Tensor& parameter : module_.parameters()) {
      parameter.set_requires_grad(false);
      if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));  // convolutions are faster so
    }
  }

 private:
  Tensor encode(const Tensor& images) override { return module_.forward({images}).toTensor(); }

  torch::jit::Module module_;
};

}  // namespace

Tensor FrozenEncoder::operator()(const Tensor& images, bool bfloat16) {
  const bool fits = images.size(2) == kInputSize && images.size(3) == kInputSize;
  const auto options = F::InterpolateFuncOptions().size(std::vector{kInputSize, kInputSize}).mode(torch::kBilinear).align_corners(false);
  const Tensor input = fits ? images : F::interpolate(images, options);
  const runtime::Autocast autocast(images.device(), bfloat16);
  return encode(input.contiguous(at::MemoryFormat::ChannelsLast)).to(torch::kFloat);
}

std::unique_ptr<FrozenEncoder> load_frozen_encoder(const std::filesystem::path& path, const torch::Device& device) {
  if (!std::filesystem::is_regular_file(path))
    throw core::UsageError(path.string() + ": no such file; --frozen-encoder wants a file, or none");
  return core::with_context(path.string(), [&]() -> std::unique_ptr<FrozenEncoder> {
    if (path.extension() == ".safetensors") return std::make_unique<SwinEncoder>(path, device);
    return runtime::with_torch_errors("not a TorchScript encoder from normalised RGB [N, 3, 224, 224] to [N, D]", [&] {
      auto encoder = std::make_unique<ScriptedEncoder>(path, device);
      const torch::NoGradGuard no_grad;
      const Tensor features = (*encoder)(torch::zeros({2, 3, FrozenEncoder::kInputSize, FrozenEncoder::kInputSize}, device));
      if (features.dim() != 2 || features.size(0) != 2) throw core::Error("it gives features of another shape than [N, D]");
      return encoder;
    });
  });
}

}  // namespace wsi_lpd::model::encoders
