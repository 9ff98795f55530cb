#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <array>
#include <string>
#include <vector>

namespace wsi_lpd::model::encoders {

/// Sizes of one of SegFormer's encoders (Xie et al. 2021, table 6).
struct MixTransformerShape {
  std::array<std::int64_t, 4> widths{};
  std::array<std::int64_t, 4> depths{};
};

/// The range of values that a layer gets, with 0.
struct ValueRange {
  float low = 0, high = 0;
};

/// Which images of a batch one of several processes has (runtime::ProcessGroup).
struct BatchRows {
  std::int64_t whole = 0;  ///< images of the batch
  torch::Tensor own{};     ///< [B], integers: the rows that this process has; undefined: all
};

/// "mit_b0" … "mit_b5"; throws UsageError for any other name.
MixTransformerShape mix_transformer_shape(const std::string& encoder);

/// SegFormer's encoder, with the parameter names of the published mit_b*.pth, but with stage 4 at stride 16, as in LPD. In eval mode
/// forward changes no state, so several threads may share one network.
class MixTransformerImpl : public torch::nn::Module {
 public:
  /// `drop_path` is the stochastic depth rate of the last block; the rate rises linearly from 0 at the first block.
  MixTransformerImpl(const MixTransformerShape& shape, double drop_path);
  /// Normalised images [B, 3, H, W] to stage features [B, E_s, h, w] at strides 4, 8, 16, 16, channels-last in memory. In training the
  /// images are left out of branches at random, as if the `rows` of the whole batch were computed by one process.
  std::array<torch::Tensor, 4> forward(const torch::Tensor& images, const BatchRows& rows = {}) const;

  /// From now on forward records the range of what each product gets.
  void observe();
  /// The recorded ranges. No more are recorded.
  std::vector<ValueRange> take_ranges();
  /// From now on products are computed in 8-bit integers, for the ranges of a network of the same shape; what lies between them is computed
  /// in the type of the weights. Returns false if values are not finite. For inference on CPUs. These three are not thread-safe.
  bool quantise(const std::vector<ValueRange>& ranges);

 private:
  struct Stage;
  std::array<std::shared_ptr<Stage>, 4> stages_;
};
TORCH_MODULE(MixTransformer);

}  // namespace wsi_lpd::model::encoders
