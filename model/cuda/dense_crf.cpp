#include "wsi_lpd/model/cuda/dense_crf.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>
#include <utility>
#include <vector>

#include "crf_bodies.hpp"
#include "for_each.hpp"

namespace wsi_lpd::model::cuda {
namespace {

using torch::Tensor;

/// PermutohedralLattice of crf/ on any device: pixels and points in flat order, neighbours by search in the sorted keys.
class DeviceLattice {
 public:
  template <int D>
  static DeviceLattice make(const Tensor& rgb, const crf::LatticePositions& positions, float sigma_rgb) {
    const std::int64_t height = rgb.size(0), width = rgb.size(1);
    std::array<float, D> largest{positions.x(width - 1), positions.y(height - 1)};
    std::fill(largest.begin() + 2, largest.end(), 255 / sigma_rgb);
    crf::check_reach<D>(largest, width, height);
    return DeviceLattice(rgb, EmbedPixel<D>{rgb.const_data_ptr<std::uint8_t>(), width, positions, sigma_rgb, {}, nullptr, nullptr});
  }

  /// Splats and blurs `values` [N, L].
  void filter(const Tensor& values) {
    const std::int64_t labels = values.size(1), count = points_ * labels;
    values_ = torch::empty({points_, labels}, values.options());
    Tensor other = torch::empty_like(values_);
    for_each(count, values.device(),
             SplatPoint{values.const_data_ptr<float>(), scale_.const_data_ptr<float>(), weights_.const_data_ptr<float>(),
                        first_.const_data_ptr<std::int64_t>(), corner_of_.const_data_ptr<std::int64_t>(), weights_.size(1), labels,
                        values_.data_ptr<float>()});
    for (const auto& [after, before] : neighbours_) {
      for_each(count, values.device(),
               BlurPoint{values_.const_data_ptr<float>(), after.const_data_ptr<std::int64_t>(), before.const_data_ptr<std::int64_t>(),
                         labels, other.data_ptr<float>()});
      std::swap(values_, other);
    }
  }

  /// What filter() left, times `weight`. Valid until the next filter().
  SlicedLattice sliced(float weight) const {
    const auto dimensions = static_cast<float>(weights_.size(1) - 1);
    return {point_of_.const_data_ptr<std::int64_t>(),
            weights_.const_data_ptr<float>(),
            scale_.const_data_ptr<float>(),
            values_.const_data_ptr<float>(),
            weights_.size(1),
            weight / (1 + std::exp2(-dimensions))};
  }

 private:
  template <int D>
  DeviceLattice(const Tensor& rgb, EmbedPixel<D> embed) {
    const std::int64_t pixels = rgb.size(0) * rgb.size(1);
    const torch::Device device = rgb.device();
    const torch::TensorOptions integers(torch::TensorOptions(device).dtype(torch::kLong)), floats(integers.dtype(torch::kFloat));
    weights_ = torch::empty({pixels, D + 1}, floats);
    Tensor keys = torch::empty({pixels * (D + 1)}, integers);
    for (int j = 1; j <= D; ++j) embed.scale[j] = crf::elevation_scale(D, j);
    embed.keys = keys.data_ptr<std::int64_t>();
    embed.weights = weights_.data_ptr<float>();
    for_each(pixels, device, embed);

    std::tie(keys, corner_of_) = keys.sort(/*stable=*/true, 0, /*descending=*/false);
    const auto [points, number, counts] = torch::unique_consecutive(keys, /*return_inverse=*/true, /*return_counts=*/true);
    keys = points;
    points_ = keys.size(0);
    point_of_ = torch::empty_like(corner_of_).index_put_({corner_of_}, number);
    first_ = torch::cat({torch::zeros({1}, integers), counts.cumsum(0)});

    for (int j = 0; j <= D; ++j) {
      auto& [after, before] = neighbours_.emplace_back(torch::full({points_}, -1, integers), torch::full({points_}, -1, integers));
      for_each(points_, device,
               LinkPoint<D>{keys.const_data_ptr<std::int64_t>(), points_, j, after.template data_ptr<std::int64_t>(),
                            before.template data_ptr<std::int64_t>()});
    }

    scale_ = torch::ones({pixels}, floats);
    filter(torch::ones({pixels, 1}, floats));
    Tensor scale = torch::empty_like(scale_);
    for_each(pixels, device, ScalePixel{sliced(1), scale.data_ptr<float>()});
    scale_ = scale;
  }

  std::int64_t points_ = 0;
  Tensor weights_;                                     ///< [N, D + 1]
  Tensor point_of_;                                    ///< [N · (D + 1)]
  Tensor corner_of_, first_;                           ///< of SplatPoint
  Tensor scale_;                                       ///< [N]: 1 / √(row sum)
  std::vector<std::pair<Tensor, Tensor>> neighbours_;  ///< [D + 1]: after, before
  Tensor values_;                                      ///< [P, L]
};

}  // namespace

Tensor dense_crf_from_unary(const Tensor& unary, const Tensor& rgb, const crf::DenseCrfOptions& options) {
  const std::int64_t labels = unary.size(0), height = unary.size(1), width = unary.size(2);
  crf::check_dense_crf(static_cast<std::size_t>(unary.numel()), static_cast<int>(labels),
                       {rgb.const_data_ptr<std::uint8_t>(), static_cast<int>(rgb.size(1)), static_cast<int>(rgb.size(0)),
                        static_cast<int>(rgb.size(2)), 3 * rgb.size(1)},
                       options);
  const Tensor energies = unary.flatten(1).t().contiguous();  // [N, L]
  Tensor q = torch::empty_like(energies);
  std::vector<std::pair<DeviceLattice, float>> kernels;
  if (options.gaussian_weight > 0)
    kernels.emplace_back(DeviceLattice::make<2>(rgb, {options.gaussian_sigma, options.origin_x, options.origin_y}, 1),
                         options.gaussian_weight);
  if (options.bilateral_weight > 0)
    kernels.emplace_back(
        DeviceLattice::make<5>(rgb, {options.bilateral_sigma_xy, options.origin_x, options.origin_y}, options.bilateral_sigma_rgb),
        options.bilateral_weight);
  UpdatePixel update{{}, 0, energies.const_data_ptr<float>(), labels, q.data_ptr<float>()};
  for_each(height * width, q.device(), update);
  for (int round = 0; round < options.iterations; ++round) {
    update.count = 0;
    for (auto& [lattice, weight] : kernels) {
      lattice.filter(q);
      update.lattices[update.count++] = lattice.sliced(weight);
    }
    for_each(height * width, q.device(), update);
  }
  return q.t().contiguous().view({labels, height, width});
}

}  // namespace wsi_lpd::model::cuda
