#include "wsi_lpd/model/network/presence_scorer.hpp"

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/network/class_maps.hpp"

namespace wsi_lpd::model::network {

using torch::Tensor;

encoders::EncoderFile rounded_to_half(encoders::EncoderFile file) {
  for (auto& [name, tensor] : file.tensors)
    if (tensor.is_floating_point()) tensor = tensor.to(torch::kHalf);
  return file;
}

Tensor feature_maps(encoders::FrozenEncoder& encoder, const Tensor& images, bool bfloat16) {
  if (!encoder.has_tokens()) return encoder(images, bfloat16).unsqueeze(-1).unsqueeze(-1);
  const encoders::TokenMap tokens = encoder.tokens(images, bfloat16);
  if (!tokens.cls.defined()) return tokens.map;
  const Tensor cls = tokens.cls.unsqueeze(-1).unsqueeze(-1).expand({-1, -1, tokens.map.size(2), tokens.map.size(3)});
  return torch::cat({tokens.map, cls}, 1);
}

Tensor on_score_grid(const Tensor& maps, std::int64_t size) {
  const std::int64_t side = size / kScoreStride;
  if (maps.size(2) == side && maps.size(3) == side) return maps;
  const auto options =
      torch::nn::functional::InterpolateFuncOptions().size(std::vector{side, side}).mode(torch::kBilinear).align_corners(false);
  const Tensor grid = torch::nn::functional::interpolate(maps, options);
  return grid + (maps.mean({2, 3}, true) - grid.mean({2, 3}, true));
}

PresenceScorer::PresenceScorer(const StoredPresence& stored, const ModelInfo& info, const torch::Device& device)
    : encoder_(core::with_context("the model's presence encoder " + stored.encoder.name,
                                  [&] {
                                    return encoders::open_encoder(stored.encoder, device, encoders::InputStatistics{info.mean, info.std});
                                  })),
      head_{stored.head.weight.to(device), stored.head.bias.to(device)} {
  if (stored.fit) fit_ = stored.fit->to(device);
}

Tensor PresenceScorer::feature_maps(const Tensor& images, bool bfloat16) {
  Tensor maps = network::feature_maps(*encoder_, images, bfloat16);
  if (maps.size(1) != width())
    throw core::Error("the model's presence encoder gives " + std::to_string(maps.size(1)) + " features, and its head takes " +
                      std::to_string(width()));
  return maps;
}

}  // namespace wsi_lpd::model::network
