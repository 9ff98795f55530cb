#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/encoders/mix_transformer.hpp"
#include "wsi_lpd/model/network/model_info.hpp"

namespace wsi_lpd::model::network {

inline constexpr std::int64_t kPrototypeWidth = 512;

/// The network's output for B images. P = C·k; prototype c·k + j is the j-th of class c. Index s is scale s + 1.
struct NetworkOutput {
  std::array<torch::Tensor, 4> maps;       ///< [B, P, h_s, w_s]: logit scale · cosine(feature, projected prototype)
  std::array<torch::Tensor, 4> scores;     ///< [B, P]: spatial mean of the maps
  std::array<torch::Tensor, 4> projected;  ///< [P, E_s]: the prototypes at each scale
  torch::Tensor feature;                   ///< [B, E_4, h, w]: stage 4
  torch::Tensor prototypes;                ///< [P, 512]
};

/// Mix transformer with LPD's prototypes, under the parameter names of the published checkpoints. In eval mode forward changes no state, so
/// several threads may share one network.
class LpdNetworkImpl : public torch::nn::Module {
 public:
  /// With `fixed_prototypes` it is PBIP's network: the prototypes are not trained, and the projected prototypes are not normalised.
  LpdNetworkImpl(const encoders::MixTransformerShape& shape, int classes, int prototypes_per_class, double drop_path = 0,
                 bool fixed_prototypes = false);
  /// Normalised images [B, 3, H, W], H and W multiples of 32. With `bfloat16` the encoder computes in bfloat16 (runtime::Autocast) while
  /// its weights stay float32. Maps and scores are always float32. `rows` as of encoders::MixTransformer.
  NetworkOutput forward(const torch::Tensor& images, bool bfloat16 = false, const encoders::BatchRows& rows = {}) const;
  /// Rounds the encoder's weights to bfloat16 permanently, and the encoder computes in bfloat16 from then on. For inference: faster than
  /// forward's `bfloat16`. Not thread-safe.
  void round_encoder_to_bfloat16();
  /// The encoder, whose products can be computed in 8-bit integers.
  encoders::MixTransformerImpl& encoder() { return *encoder_; }

 private:
  torch::Tensor prototypes_;
  bool normalise_;  ///< the projected prototypes
  std::array<torch::Tensor, 4> logit_scales_;
  encoders::MixTransformer encoder_{nullptr};
  torch::Dtype encoder_type_ = torch::kFloat;
  std::array<std::shared_ptr<torch::nn::SequentialImpl>, 4> projections_;
};
TORCH_MODULE(LpdNetwork);

/// The network that `info` describes, with random weights from LibTorch's default generator. Throws UsageError for an unknown encoder.
LpdNetwork make_network(const ModelInfo& info, double drop_path = 0);

/// RGB bytes [B, H, W, 3] to the network's input [B, 3, H, W], channels-last in memory, bit-equal to the published code's. Thread-safe.
class InputNormaliser {
 public:
  InputNormaliser(const ModelInfo& info, const torch::Device& device);
  torch::Tensor operator()(const torch::Tensor& rgb) const;
  /// The images for the CRF: normalised images back to BGR bytes [B, H, W, 3], rounded down, as in the published code; a third of the bytes
  /// come out one lower. The order of the channels matters, too: the lattice is an approximation, and up to 0.8 % of the labels depend on
  /// the order.
  torch::Tensor crf_images(const torch::Tensor& images) const;

 private:
  torch::Tensor shift_, factor_, mean_, std_;
};

/// Merges the k prototypes of each class, for scores [B, P] or maps [B, P, h, w]: the mean, as in training. Thread-safe.
torch::Tensor merge_mean(const torch::Tensor& values, int prototypes_per_class);
/// Merges as at test: Σ softmax_j(z)·z_j at each position. Thread-safe.
torch::Tensor merge_softmax(const torch::Tensor& values, int prototypes_per_class);

}  // namespace wsi_lpd::model::network
