#include "wsi_lpd/model/network/feature_fit.hpp"

#include <algorithm>
#include <cmath>

#include "wsi_lpd/model/network/presence_head.hpp"

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

constexpr int kFolds = 5;
constexpr std::int64_t kMostComponents = 32, kImagesPerComponent = 5;
constexpr double kShare = 0.99;
constexpr double kRounding = 1e-6;   // of float32: a feature that deviates less, relative to its mean, is constant
constexpr double kSmallest = 1e-12;  // variance of a component of standardised features that counts as none

/// Σ t_i² / v_i and |z|² − |t|² of images, each [N].
struct Parts {
  Tensor inside, outside;
};

/// Principal components of standardised features.
class Components {
 public:
  Components(const Tensor& features, std::int64_t most) : mean_(features.mean(0)) {
    const Tensor deviation = features.std(0, /*unbiased=*/false);
    const Tensor varies = deviation > kRounding * mean_.abs();
    scale_ = torch::where(varies, 1 / deviation, torch::ones_like(deviation));
    varying_ = varies.sum().item<std::int64_t>();
    const auto [u, s, v] = torch::linalg_svd((features - mean_) * scale_, /*full_matrices=*/false);
    const Tensor variances = s.square() / static_cast<double>(std::max<std::int64_t>(1, features.size(0) - 1));
    const auto count = std::min(most, (variances > kSmallest).sum().item<std::int64_t>());
    axes_ = v.narrow(0, 0, count);
    variances_ = variances.narrow(0, 0, count);
  }

  Parts parts(const Tensor& features) const {
    const Tensor z = (features - mean_) * scale_, squares = z.mm(axes_.t()).square();
    return {(squares / variances_).sum(1), (z.square().sum(1) - squares.sum(1)).clamp_min(0)};
  }
  /// Q, and how many dimensions are left for the residual: features that vary, less Q.
  std::int64_t count() const { return axes_.size(0); }
  std::int64_t rest() const { return varying_ - count(); }
  /// With `inside` and `outside` as the weights of the two parts.
  FeatureFit weighted(double inside, double outside) const {
    const auto rounded = [](const Tensor& tensor) { return tensor.to(torch::kFloat).contiguous(); };
    return {rounded(mean_), rounded(scale_), rounded(axes_),
            rounded(torch::cat({inside / variances_, torch::full({1}, outside, torch::kDouble)}))};
  }

 private:
  Tensor mean_, scale_, axes_, variances_;
  std::int64_t varying_ = 0;
};

/// Parts of each image by components that were found without its fold.
Parts held_out(const Tensor& features, const std::vector<int>& folds, std::int64_t most) {
  Parts parts{torch::zeros({features.size(0)}, torch::kDouble), torch::zeros({features.size(0)}, torch::kDouble)};
  const Tensor fold_of = torch::tensor(folds, torch::kInt);
  for (int fold = 0; fold <= *std::ranges::max_element(folds); ++fold) {
    const Tensor in = (fold_of == fold).nonzero().flatten(), others = (fold_of != fold).nonzero().flatten();
    const Parts found = Components(features.index_select(0, others), most).parts(features.index_select(0, in));
    parts.inside.index_copy_(0, in, found.inside);
    parts.outside.index_copy_(0, in, found.outside);
  }
  return parts;
}

}  // namespace

Tensor FeatureFit::distances(const Tensor& features) const {
  const Tensor z = (features - mean) * scale, squares = z.mm(axes.t()).square();
  const std::int64_t count = axes.size(0);
  const Tensor outside = (z.square().sum(1) - squares.sum(1)).clamp_min(0);
  return (squares.mv(weights.narrow(0, 0, count)) + outside * weights[count]).sqrt();
}

std::optional<FeatureFit> fit_features(const Tensor& features, const std::vector<std::string>& groups) {
  const torch::NoGradGuard no_grad;
  const std::int64_t images = features.size(0);
  if (images < kFewestToFit || std::ranges::all_of(groups, [&](const std::string& group) { return group == groups.front(); })) return {};
  const Tensor values = features.to(torch::kDouble);
  const std::int64_t most = std::min({kMostComponents, images / kImagesPerComponent, values.size(1)});
  const Components components(values, most);
  if (components.count() == 0) return {};
  const Parts apart = held_out(values, folds_of_groups(groups, torch::zeros({images, 0}), kFolds), most);
  const double inside = static_cast<double>(components.count()) / apart.inside.mean().item<double>();
  const double outside = components.rest() > 0 ? static_cast<double>(components.rest()) / apart.outside.mean().item<double>() : 0;
  const double limit = torch::quantile(apart.inside * inside + apart.outside * outside, kShare).item<double>();
  if (!std::isfinite(inside / limit) || !std::isfinite(outside / limit)) return {};  // the folds do not vary, or not alike
  return components.weighted(inside / limit, outside / limit);
}

}  // namespace wsi_lpd::model::network
