#include "wsi_lpd/model/network/class_maps.hpp"

#include "wsi_lpd/core/background.hpp"
#include "wsi_lpd/model/cuda/kernels.hpp"

namespace wsi_lpd::model::network {
namespace {

namespace F = torch::nn::functional;
using torch::Tensor;

constexpr std::array<double, 3> kScaleWeights{0.3, 0.3, 0.4};  // scales 2, 3, 4

/// May the kernels, which have no gradients, take `maps`?
bool has_kernels(const Tensor& maps) { return cuda::has_kernels_for(maps.device()) && !at::GradMode::is_enabled(); }

Tensor resize(const Tensor& maps, std::int64_t height, std::int64_t width, bool align_corners) {
  if (maps.size(2) == height && maps.size(3) == width) return maps;
  return F::interpolate(
      maps, F::InterpolateFuncOptions().size(std::vector<std::int64_t>{height, width}).mode(torch::kBilinear).align_corners(align_corners));
}

/// Negative values 0, then each channel by its range.
std::array<Tensor, 3> normalised(std::array<Tensor, 3> maps) {
  for (Tensor& map : maps) {
    const Tensor positive = map.relu(), low = positive.amin({2, 3}, true);
    map = (positive - low) / (positive.amax({2, 3}, true) - low + 1e-6);
  }
  return maps;
}

/// Maps of three scales to one grid, then their weighted sum.
Tensor fuse(const std::array<Tensor, 3>& maps, std::int64_t height, std::int64_t width, bool align_corners) {
  Tensor sum;
  for (std::size_t s = 0; s < 3; ++s) {
    const Tensor part = resize(maps[s], height, width, align_corners) * kScaleWeights[s];
    sum = s == 0 ? part : sum + part;
  }
  return sum;
}

}  // namespace

std::array<Tensor, 3> merged_maps(const NetworkOutput& output, int prototypes_per_class) {
  std::array<Tensor, 3> maps;
  for (std::size_t s = 0; s < 3; ++s) {
    const Tensor& map = output.maps[s + 1];
    maps[s] = has_kernels(map) ? cuda::merge_prototypes(map.permute({0, 2, 3, 1}), prototypes_per_class)
                               : merge_softmax(map, prototypes_per_class).contiguous();
  }
  return maps;
}

Tensor class_scores(const NetworkOutput& output, int prototypes_per_class) { return merge_mean(output.scores[3], prototypes_per_class); }

PaperViews look_at_views(const LpdNetwork& network, const Tensor& images, int prototypes_per_class, bool all_views) {
  PaperViews views;
  const std::int64_t height = images.size(2), width = images.size(3);
  const auto look = [&](bool mirrored, double factor) {
    const Tensor view = mirrored ? images.flip(3) : images;
    const NetworkOutput output = network->forward(factor == 1 ? view : view * factor);
    if (!mirrored && factor == 1) {
      views.scores = class_scores(output, prototypes_per_class);
      views.score_maps = merge_mean(output.maps[3], prototypes_per_class);
    }
    const Tensor fused = fuse(normalised(merged_maps(output, prototypes_per_class)), height, width, true);
    return mirrored ? fused.flip(3) : fused;
  };
  if (!all_views) {
    views.maps = look(false, 1);
    return views;
  }
  for (const bool mirrored : {false, true})
    for (const double factor : {0.9, 1.0, 1.1})
      views.maps = views.maps.defined() ? views.maps + look(mirrored, factor) : look(mirrored, factor);
  views.maps /= 6;
  return views;
}

ScoreSigmoid::ScoreSigmoid(const core::Calibration& calibration, const torch::Device& device)
    : threshold_(torch::tensor(calibration.score_threshold).to(device)), width_(torch::tensor(calibration.score_width).to(device)) {}

Tensor ScoreSigmoid::operator()(const Tensor& scores) const { return ((scores - threshold_) / width_).sigmoid(); }

Tensor fused_logits(const std::array<Tensor, 3>& merged) { return fuse(merged, merged[0].size(2), merged[0].size(3), false); }

Tensor open_maps(const std::array<Tensor, 3>& merged) {
  if (has_kernels(merged[0])) return cuda::fuse_maps(merged, kScaleWeights, kMapTemperature);
  return (fused_logits(merged) / kMapTemperature).sigmoid();
}

Tensor tile_maps(const std::array<Tensor, 3>& merged) { return fuse(normalised(merged), merged[0].size(2), merged[0].size(3), false); }

Tensor gated(const Tensor& maps, const Tensor& presence) { return maps * presence.unsqueeze(-1).unsqueeze(-1); }

Tensor upsample_grid(const Tensor& maps) { return resize(maps, maps.size(2) * kGridStride, maps.size(3) * kGridStride, false); }

Tensor labels_from_maps(const Tensor& fused) {
  const Tensor background = (1 - fused.amax(1, true)).pow(core::kBackgroundPower);
  return torch::cat({fused, background}, 1).argmax(1).to(torch::kByte);
}

}  // namespace wsi_lpd::model::network
