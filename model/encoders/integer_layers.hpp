#pragma once
// Layers whose products can be computed in 8-bit integers.
#include <torch/torch.h>

#include <mutex>
#include <optional>
#include <utility>

#include "wsi_lpd/model/encoders/mix_transformer.hpp"

namespace wsi_lpd::model::encoders {

/// Static quantisation (Jacob et al., CVPR 2018): what a layer gets becomes 0 … 255 with one scale and zero point, its weights become
/// -127 … 127 with a scale for each output. Sums are exact, and are scaled to the type of what it got. For inference on CPUs, with oneDNN.
/// forward is thread-safe, the others are not.
class IntegerLayer {
 public:
  virtual ~IntegerLayer() = default;
  /// From now on the layer records the range of what it gets.
  void observe() { range_.emplace(); }
  /// What it has recorded. It records no more.
  ValueRange take_range() { return std::exchange(range_, std::nullopt).value_or(ValueRange()); }
  /// From now on the layer computes in integers, for this range. Returns false, and changes nothing, if the range is empty, or range or
  /// weights are not finite.
  bool quantise(const ValueRange& range);

 protected:
  struct Product {
    float scale = 1;  ///< of what the layer gets
    std::int64_t zero_point = 0;
    torch::Tensor weight, weight_scales, weight_zero_points, bias;  ///< as oneDNN wants them
  };
  /// The weights as int8, [outputs, …].
  virtual torch::Tensor packed(const torch::Tensor& weight, const Product& product) const = 0;
  virtual const torch::Tensor& weights() const = 0;
  virtual const torch::Tensor& biases() const = 0;

  void record(const torch::Tensor& input);
  const std::optional<Product>& product() const { return product_; }

 private:
  std::optional<ValueRange> range_;  ///< while it observes
  std::mutex mutex_;                 ///< of the range
  std::optional<Product> product_;
};

/// torch::nn::Linear over tokens [..., E]; on the CPU without gradients with the faster product of token_kernels.hpp.
class ProjectionImpl : public torch::nn::LinearImpl, public IntegerLayer {
 public:
  using torch::nn::LinearImpl::LinearImpl;
  torch::Tensor forward(const torch::Tensor& tokens);

 private:
  torch::Tensor packed(const torch::Tensor& weight, const Product& product) const override;
  const torch::Tensor& weights() const override { return weight; }
  const torch::Tensor& biases() const override { return bias; }
};
TORCH_MODULE(Projection);

/// torch::nn::Conv2d over tokens [B, h, w, E], which it sees as a channels-last [B, E, h, w].
class TokenConvolutionImpl : public torch::nn::Conv2dImpl, public IntegerLayer {
 public:
  using torch::nn::Conv2dImpl::Conv2dImpl;
  torch::Tensor forward(const torch::Tensor& tokens);

 private:
  torch::Tensor packed(const torch::Tensor& weight, const Product& product) const override;
  const torch::Tensor& weights() const override { return weight; }
  const torch::Tensor& biases() const override { return bias; }
};
TORCH_MODULE(TokenConvolution);

}  // namespace wsi_lpd::model::encoders
