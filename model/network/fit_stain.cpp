#include "wsi_lpd/model/network/fit_stain.hpp"

#include <algorithm>

#include "wsi_lpd/model/network/feature_fit.hpp"

namespace wsi_lpd::model::network {

std::optional<core::StainFit> fit_stain(const std::vector<core::StainVector>& stains, const std::vector<std::string>& groups) {
  constexpr std::int64_t kSize = std::tuple_size_v<core::StainVector>;
  torch::Tensor values = torch::empty({static_cast<std::int64_t>(stains.size()), kSize}, torch::kDouble);
  for (std::size_t i = 0; i < stains.size(); ++i)
    std::ranges::copy(stains[i], values.mutable_data_ptr<double>() + static_cast<std::int64_t>(i) * kSize);
  const std::optional<FeatureFit> fit = fit_features(values, groups);
  if (!fit) return {};
  // M = S (Aᵀ diag(w) A + w_Q (1 − Aᵀ A)) S, A being the axes and S the scales on a diagonal.
  const auto wide = [](const torch::Tensor& tensor) { return tensor.to(torch::kDouble); };
  const torch::Tensor axes = wide(fit->axes), weights = wide(fit->weights), scale = torch::diag(wide(fit->scale));
  const torch::Tensor inside = weights.narrow(0, 0, axes.size(0)), outside = weights[axes.size(0)];
  const torch::Tensor form =
      scale.mm(axes.t().mm(torch::diag(inside - outside)).mm(axes) + outside * torch::eye(kSize, torch::kDouble)).mm(scale).contiguous();
  const torch::Tensor mean = wide(fit->mean).contiguous();
  core::StainFit stain;
  stain.images = static_cast<std::int64_t>(stains.size());
  std::copy_n(mean.const_data_ptr<double>(), kSize, stain.mean.begin());
  for (std::size_t i = 0; i < stain.form.size(); ++i)
    std::copy_n(form.const_data_ptr<double>() + static_cast<std::int64_t>(i) * kSize, kSize, stain.form[i].begin());
  return stain;
}

}  // namespace wsi_lpd::model::network
