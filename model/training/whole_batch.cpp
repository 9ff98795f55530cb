#include "whole_batch.hpp"

namespace wsi_lpd::model::training {

using torch::Tensor;

Tensor WholeBatch::of_images(const Tensor& own) const {
  std::vector<std::int64_t> shape = own.sizes().vec();
  shape[0] = rows_.whole;
  const Tensor rows = rows_.own.to(own.device());
  Tensor whole = torch::zeros(shape, own.options().requires_grad(false)).index_copy_(0, rows, own.detach());
  group_.sum(whole);
  return own.requires_grad() ? whole.index_copy(0, rows, own) : whole;
}

Tensor WholeBatch::of_all(const Tensor& values) const {
  const Tensor constant = values.detach();
  return values.requires_grad() ? constant + (values - constant) / group_.size() : values;
}

network::NetworkOutput WholeBatch::output(network::NetworkOutput own) const {
  for (std::size_t s = 0; s < own.maps.size(); ++s) {
    own.maps[s] = of_images(own.maps[s]);
    own.scores[s] = own.maps[s].mean({2, 3});
    own.projected[s] = of_all(own.projected[s]);
  }
  own.feature = of_images(own.feature);
  own.prototypes = of_all(own.prototypes);
  return own;
}

TrainingTargets WholeBatch::targets(TrainingTargets own) const {
  for (Tensor* values : {&own.labels, &own.pixels, &own.presence})
    if (values->defined()) *values = of_images(*values);
  return own;
}

}  // namespace wsi_lpd::model::training
