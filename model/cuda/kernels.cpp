#include "wsi_lpd/model/cuda/kernels.hpp"

#include "for_each.hpp"
#include "network_bodies.hpp"

namespace wsi_lpd::model::cuda {
namespace {

using torch::Tensor;

/// `body` for each element of `out`, on its device.
template <class Body>
Tensor filled(Tensor out, const Body& body) {
  for_each(out.numel(), out.device(), body);
  return out;
}

}  // namespace

bool has_kernels_for([[maybe_unused]] const torch::Device& device) {
#ifdef WSI_LPD_CUDA
  return device.is_cuda();
#else
  return false;
#endif
}

Tensor normalise_pixels(const Tensor& rgb, const Tensor& shift, const Tensor& factor) {
  const Tensor bytes = rgb.contiguous();
  Tensor out = torch::empty(bytes.sizes(), bytes.options().dtype(torch::kFloat));
  const NormalisePixel body{bytes.const_data_ptr<std::uint8_t>(), shift.const_data_ptr<float>(), factor.const_data_ptr<float>(),
                            out.data_ptr<float>()};
  return filled(out, body).permute({0, 3, 1, 2});
}

Tensor merge_prototypes(const Tensor& maps, int prototypes_per_class) {
  const Tensor packed = maps.contiguous();
  const std::int64_t images = packed.size(0), height = packed.size(1), width = packed.size(2);
  const std::int64_t classes = packed.size(3) / prototypes_per_class;
  Tensor out = torch::empty({images, classes, height, width}, packed.options());
  return filled(out, MergePrototypes{packed.const_data_ptr<float>(), out.data_ptr<float>(), classes, prototypes_per_class, height * width});
}

Tensor fuse_maps(const std::array<Tensor, 3>& maps, const std::array<double, 3>& weights, double temperature) {
  std::array<Tensor, 3> packed;  // alive until the kernel is queued; freed memory is used again in the order of the stream
  Tensor out = torch::empty(maps[0].sizes(), maps[0].options());
  FuseMaps body{{}, out.data_ptr<float>(), static_cast<float>(temperature)};
  for (std::size_t s = 0; s < 3; ++s) {
    packed[s] = maps[s].contiguous();
    body.scales[s] = {packed[s].const_data_ptr<float>(), packed[s].size(2), packed[s].size(3), static_cast<float>(weights[s])};
  }
  return filled(out, body);
}

}  // namespace wsi_lpd::model::cuda
