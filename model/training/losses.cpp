#include "wsi_lpd/model/training/losses.hpp"

#include <limits>

#include "wsi_lpd/model/network/patch_model.hpp"

namespace wsi_lpd::model::training {

namespace F = torch::nn::functional;
using torch::Tensor;

ClassificationLoss classification_loss(const std::array<Tensor, 4>& scores, const Tensor& labels, const std::array<double, 4>& weights) {
  ClassificationLoss loss;
  for (std::size_t s = 0; s < 4; ++s) {
    loss.levels[s] = torch::binary_cross_entropy_with_logits(scores[s], labels);
    const Tensor part = loss.levels[s] * weights[s];
    loss.total = s == 0 ? part : loss.total + part;
  }
  return loss;
}

Tensor pseudo_mask(const Tensor& merged_maps) {
  const Tensor maps = merged_maps.detach();
  return torch::cat({torch::full_like(maps.narrow(1, 0, 1), kBackgroundActivation), maps}, 1).argmax(1);
}

Tensor diversity_loss(const Tensor& feature, const Tensor& prototypes, const Tensor& mask, int prototypes_per_class,
                      const DiversityOptions& options) {
  const std::int64_t k = prototypes_per_class, classes = prototypes.size(0) / k;
  if (k == 1) return torch::zeros({}, feature.options());
  constexpr double kNone = -std::numeric_limits<double>::infinity();

  const Tensor pixels = F::normalize(feature.flatten(2), F::NormalizeFuncOptions().dim(1)).transpose(1, 2);  // [B, N, D]
  const Tensor directions = F::normalize(prototypes, F::NormalizeFuncOptions().dim(1));
  Tensor weight = pixels.matmul(directions.t()).unflatten(2, {classes, k});  // [B, N, C, k]

  const Tensor wanted = torch::arange(classes, mask.options()) + options.index_shift;
  const Tensor inside = mask.flatten(1).unsqueeze(2) == wanted;  // [B, N, C]
  const Tensor found = inside.any(1);                            // [B, C]
  // A class without pixels gets all of them, so that its softmax is defined; it is left out below.
  const Tensor outside = (~(inside | ~found.unsqueeze(1))).unsqueeze(3);
  for (int i = 0; i < options.softmaxes; ++i) weight = weight.masked_fill(outside, kNone).softmax(1);
  weight = weight + 1e-10;

  const Tensor pairs = torch::combinations(torch::arange(k, mask.options()), 2);
  const auto side = [&](const Tensor& values, std::int64_t which) { return values.index_select(3, pairs.select(1, which)); };
  const Tensor log_weight = weight.log();
  const Tensor jeffreys = ((side(weight, 0) - side(weight, 1)) * (side(log_weight, 0) - side(log_weight, 1))).sum(1);  // [B, C, pairs]
  const Tensor similarity = (-jeffreys).exp().mean(2) * found;
  return (similarity.sum(1) / found.sum(1).clamp_min(1)).sum() / feature.size(0);
}

Tensor pixel_loss(const Tensor& fused, const Tensor& pixels) {
  const std::int64_t stride = pixels.size(2) / fused.size(3);
  const Tensor targets = pixels.slice(1, stride / 2, {}, stride).slice(2, stride / 2, {}, stride).to(torch::kLong);
  const Tensor is_class = targets < fused.size(1);
  const auto options = F::CrossEntropyFuncOptions().ignore_index(network::kUnknownPixel).reduction(torch::kSum);
  return F::cross_entropy(fused, targets.masked_fill(~is_class, network::kUnknownPixel), options) / is_class.sum().clamp_min(1);
}

Tensor teacher_loss(const Tensor& scores, const Tensor& presence) {
  const Tensor known = ~presence.isnan();
  const Tensor loss = torch::binary_cross_entropy_with_logits(scores, presence.nan_to_num(), {}, {}, at::Reduction::None);
  return (loss * known).sum() / known.sum().clamp_min(1);
}

Tensor agreement_loss(const Tensor& first, const Tensor& second) { return (first.sigmoid() - second.sigmoid()).square().mean(); }

}  // namespace wsi_lpd::model::training
