#include "wsi_lpd/model/network/network.hpp"

#include "wsi_lpd/model/cuda/kernels.hpp"
#include "wsi_lpd/model/runtime/autocast.hpp"

namespace wsi_lpd::model::network {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

/// [B, C·k, …] to [B, C, k, …].
Tensor split_classes(const Tensor& values, int prototypes_per_class) { return values.unflatten(1, {-1, prototypes_per_class}); }

}  // namespace

LpdNetworkImpl::LpdNetworkImpl(const encoders::MixTransformerShape& shape, int classes, int prototypes_per_class, double drop_path,
                               bool fixed_prototypes)
    : normalise_(!fixed_prototypes) {
  prototypes_ = register_parameter("prototypes", torch::randn({classes * prototypes_per_class, kPrototypeWidth}), !fixed_prototypes);
  for (std::size_t s = 0; s < 4; ++s) {
    logit_scales_[s] = register_parameter("logit_scale" + std::to_string(s + 1), torch::full({1}, 1 / 0.07));
  }
  encoder_ = register_module("encoder", encoders::MixTransformer(shape, drop_path));
  for (std::size_t s = 0; s < 4; ++s) {
    nn::Sequential projection;
    projection->push_back("fc1", nn::Linear(kPrototypeWidth, kPrototypeWidth / 2));
    projection->push_back("relu", nn::ReLU());
    projection->push_back("fc2", nn::Linear(kPrototypeWidth / 2, shape.widths[s]));
    projections_[s] = register_module("l_fc" + std::to_string(s + 1), projection.ptr());
  }
}

NetworkOutput LpdNetworkImpl::forward(const Tensor& images, bool bfloat16, const encoders::BatchRows& rows) const {
  std::array<Tensor, 4> features;
  {
    const runtime::Autocast autocast(images.device(), bfloat16);
    features = encoder_->forward(images.to(encoder_type_), rows);
  }
  for (Tensor& feature : features) feature = feature.to(torch::kFloat);
  NetworkOutput output;
  for (std::size_t s = 0; s < 4; ++s) {
    output.projected[s] = projections_[s]->forward(prototypes_);
    const Tensor& projected = output.projected[s];
    const Tensor directions = (normalise_ ? projected / projected.norm(2, 1, true) : projected) * logit_scales_[s];
    const Tensor tokens = features[s].permute({0, 2, 3, 1});
    // the feature's norm is divided out after the product: P values per pixel instead of E
    const Tensor maps = tokens.matmul(directions.t()) / tokens.norm(2, 3, true);
    output.maps[s] = maps.permute({0, 3, 1, 2});
    output.scores[s] = maps.mean({1, 2});
  }
  output.feature = features[3];
  output.prototypes = prototypes_;
  return output;
}

void LpdNetworkImpl::round_encoder_to_bfloat16() {
  encoder_type_ = torch::kBFloat16;
  encoder_->to(encoder_type_);
}

LpdNetwork make_network(const ModelInfo& info, double drop_path) {
  return LpdNetwork(encoders::mix_transformer_shape(info.encoder), info.classes.count(), info.prototypes_per_class, drop_path,
                    info.method == "pbip");
}

InputNormaliser::InputNormaliser(const ModelInfo& info, const torch::Device& device)
    : shift_(torch::empty({3})),
      factor_(torch::empty({3})),
      mean_(torch::tensor(at::ArrayRef<float>(info.mean)).to(device)),
      std_(torch::tensor(at::ArrayRef<float>(info.std)).to(device)) {
  for (std::size_t channel = 0; channel < 3; ++channel) {
    shift_.data_ptr<float>()[channel] = info.mean[channel] * 255.0F;
    factor_.data_ptr<float>()[channel] = 1.0F / (info.std[channel] * 255.0F);
  }
  shift_ = shift_.to(device);
  factor_ = factor_.to(device);
}

Tensor InputNormaliser::operator()(const Tensor& rgb) const {
  if (cuda::has_kernels_for(rgb.device())) return cuda::normalise_pixels(rgb, shift_, factor_);
  return rgb.to(torch::kFloat).sub_(shift_).mul_(factor_).permute({0, 3, 1, 2});
}

Tensor InputNormaliser::crf_images(const Tensor& images) const {
  return images.permute({0, 2, 3, 1}).mul(std_).add_(mean_).mul_(255).clamp_(0, 255).to(torch::kByte).flip(3);
}

Tensor merge_mean(const Tensor& values, int prototypes_per_class) { return split_classes(values, prototypes_per_class).mean(2); }

Tensor merge_softmax(const Tensor& values, int prototypes_per_class) {
  const Tensor split = split_classes(values, prototypes_per_class);
  return (split.softmax(2) * split).sum(2);
}

}  // namespace wsi_lpd::model::network
