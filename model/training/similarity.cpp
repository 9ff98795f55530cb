#include "wsi_lpd/model/training/similarity.hpp"

#include <limits>

#include "wsi_lpd/model/network/network.hpp"

namespace wsi_lpd::model::training {

namespace F = torch::nn::functional;
using torch::Tensor;

namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();

}  // namespace

Tensor select_prototypes(const Tensor& scores, const Tensor& labels, int prototypes_per_class) {
  const auto spread = [&](const Tensor& by_class) { return by_class.repeat_interleave(prototypes_per_class, 1); };
  return ((scores > spread(network::merge_mean(scores, prototypes_per_class))) & (spread(labels) == 1)).nonzero();
}

MaskedImages mask_images(const Tensor& images, const Tensor& maps, const Tensor& selected, double threshold) {
  const Tensor image = selected.select(1, 0), prototype = selected.select(1, 1);
  const auto enlarged = [&](const Tensor& values) {
    return F::interpolate(
        values, F::InterpolateFuncOptions().size(std::vector{images.size(2), images.size(3)}).mode(torch::kBilinear).align_corners(true));
  };
  const Tensor largest = enlarged(maps.detach()).amax({1, 2, 3});
  const Tensor chosen = enlarged(maps.index({image, prototype}).unsqueeze(1));  // [N, 1, H, W]
  const Tensor inside = (chosen.detach() >= threshold * largest.index_select(0, image).view({-1, 1, 1, 1})).to(images.dtype());
  const Tensor pixels = images.index_select(0, image);
  return {chosen * pixels * inside, (1 - chosen) * pixels * (1 - inside)};
}

Tensor contrast_logits(const Tensor& features, const Tensor& prototypes, double temperature) {
  const auto unit = [](const Tensor& rows) { return F::normalize(rows, F::NormalizeFuncOptions().dim(1)); };
  return unit(features).matmul(unit(prototypes).t()) / temperature;
}

Tensor foreground_contrast(const Tensor& logits, const Tensor& own) { return torch::cross_entropy_loss(logits, own); }

Tensor foreground_contrast_of_batch(const Tensor& logits, const Tensor& own) {
  return logits.flatten().logsumexp(0) - logits.gather(1, own.unsqueeze(1)).flatten().logsumexp(0);
}

Tensor background_contrast_of_batch(const Tensor& logits, const Tensor& own) {
  return logits.flatten().logsumexp(0) - logits.scatter(1, own.unsqueeze(1), kNone).flatten().logsumexp(0);
}

Tensor background_contrast(const Tensor& logits, const Tensor& own) {
  return (logits.logsumexp(1) - logits.scatter(1, own.unsqueeze(1), kNone).logsumexp(1)).mean();
}

}  // namespace wsi_lpd::model::training
