#include "integer_layers.hpp"

#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <cmath>

#include "token_kernels.hpp"

namespace wsi_lpd::model::encoders {
namespace {

using torch::Tensor;
using Scalars = c10::List<std::optional<at::Scalar>>;
using IntegerLinear = Tensor(Tensor, double, std::int64_t, Tensor, Tensor, Tensor, std::optional<Tensor>, double, std::int64_t,
                             std::optional<at::ScalarType>, std::string_view, Scalars, std::string_view);
using IntegerConvolution = Tensor(Tensor, double, std::int64_t, Tensor, Tensor, Tensor, std::optional<Tensor>, c10::List<std::int64_t>,
                                  c10::List<std::int64_t>, c10::List<std::int64_t>, std::int64_t, double, std::int64_t,
                                  std::optional<at::ScalarType>, std::string_view, Scalars, std::optional<std::string_view>);
using PackLinear = Tensor(Tensor, std::optional<c10::List<std::int64_t>>);
using PackConvolution = Tensor(Tensor, Tensor, double, std::int64_t, c10::List<std::int64_t>, c10::List<std::int64_t>,
                               c10::List<std::int64_t>, std::int64_t, std::optional<c10::List<std::int64_t>>);

/// LibTorch has these operators of oneDNN for its compiler, without a C++ function.
template <class Signature>
auto operation(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

c10::List<std::int64_t> list(at::ArrayRef<std::int64_t> values) { return c10::List<std::int64_t>(values); }

constexpr double kNoScale = 1;  // results are not integers
constexpr std::int64_t kNoZeroPoint = 0;

}  // namespace

void IntegerLayer::record(const Tensor& input) {
  if (!range_) return;
  const auto [low, high] = at::aminmax(input);
  const std::lock_guard lock(mutex_);
  const float least = low.item<float>(), most = high.item<float>();
  if (std::isnan(least) || least < range_->low) range_->low = least;
  if (std::isnan(most) || most > range_->high) range_->high = most;
}

bool IntegerLayer::quantise(const ValueRange& range) {
  constexpr float kMostInput = 255, kMostWeight = 127;
  const Tensor weight = weights().detach().to(torch::kFloat);
  const Tensor scales = weight.abs().flatten(1).amax(1) / kMostWeight;
  const float width = range.high - range.low;
  if (!std::isfinite(width) || width <= 0 || !scales.isfinite().all().item<bool>()) return false;
  Product made;
  made.scale = width / kMostInput;
  made.zero_point = std::lround(-range.low / made.scale);
  made.weight_scales = scales.clamp_min(1e-12);
  made.weight_zero_points = torch::zeros_like(scales, torch::kInt);
  made.bias = biases().detach().to(torch::kFloat);
  std::vector<std::int64_t> column(static_cast<std::size_t>(weight.dim()), 1);
  column[0] = -1;
  made.weight = packed((weight / made.weight_scales.view(column)).round().to(torch::kChar), made);
  product_ = std::move(made);
  return true;
}

Tensor ProjectionImpl::packed(const Tensor& integers, const Product& /*product*/) const {
  static const auto pack = operation<PackLinear>("onednn::qlinear_prepack");
  return pack.call(integers, {});
}

Tensor ProjectionImpl::forward(const Tensor& tokens) {
  if (product()) {
    static const auto multiply = operation<IntegerLinear>("onednn::qlinear_pointwise");
    const Product& by = *product();
    return multiply.call(quantised(tokens, by.scale, by.zero_point), by.scale, by.zero_point, by.weight, by.weight_scales,
                         by.weight_zero_points, by.bias, kNoScale, kNoZeroPoint, tokens.scalar_type(), "none", Scalars(), "");
  }
  record(tokens);
  return fits_token_kernels(tokens) ? linear(tokens, weight, bias) : torch::nn::LinearImpl::forward(tokens);
}

Tensor TokenConvolutionImpl::packed(const Tensor& integers, const Product& product) const {
  static const auto pack = operation<PackConvolution>("onednn::qconv_prepack");
  return pack.call(integers, product.weight_scales, product.scale, product.zero_point, list(*options.stride()),
                   list(*std::get<torch::ExpandingArray<2>>(options.padding())), list(*options.dilation()), options.groups(), {});
}

Tensor TokenConvolutionImpl::forward(const Tensor& tokens) {
  Tensor result;
  if (product()) {
    static const auto convolve = operation<IntegerConvolution>("onednn::qconv2d_pointwise");
    const Product& by = *product();
    result = convolve.call(quantised(tokens, by.scale, by.zero_point).permute({0, 3, 1, 2}), by.scale, by.zero_point, by.weight,
                           by.weight_scales, by.weight_zero_points, by.bias, list(*options.stride()),
                           list(*std::get<torch::ExpandingArray<2>>(options.padding())), list(*options.dilation()), options.groups(),
                           kNoScale, kNoZeroPoint, tokens.scalar_type(), "none", Scalars(), "");
  } else {
    record(tokens);
    result = torch::nn::Conv2dImpl::forward(tokens.permute({0, 3, 1, 2}));
  }
  return result.permute({0, 2, 3, 1}).contiguous();
}

}  // namespace wsi_lpd::model::encoders
