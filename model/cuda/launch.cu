#include "launch.hpp"

#include <algorithm>
#include <string>

#include "crf_bodies.hpp"
#include "network_bodies.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::cuda {
namespace {

template <class Body>
__global__ void for_each_index(std::int64_t count, Body body) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) body(i);
}

}  // namespace

template <class Body>
void launch(std::int64_t count, const Body& body, void* stream) {
  constexpr std::int64_t kThreads = 256, kMostBlocks = 1 << 16;
  if (count == 0) return;
  const auto blocks = static_cast<unsigned>(std::min((count + kThreads - 1) / kThreads, kMostBlocks));
  for_each_index<<<blocks, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(count, body);
  if (const cudaError_t error = cudaGetLastError(); error != cudaSuccess)
    throw core::Error(std::string("CUDA error: ") + cudaGetErrorString(error) + " (a kernel can't be started)");
}

template void launch(std::int64_t, const NormalisePixel&, void*);
template void launch(std::int64_t, const MergePrototypes&, void*);
template void launch(std::int64_t, const FuseMaps&, void*);
template void launch(std::int64_t, const EmbedPixel<2>&, void*);
template void launch(std::int64_t, const EmbedPixel<5>&, void*);
template void launch(std::int64_t, const LinkPoint<2>&, void*);
template void launch(std::int64_t, const LinkPoint<5>&, void*);
template void launch(std::int64_t, const SplatPoint&, void*);
template void launch(std::int64_t, const BlurPoint&, void*);
template void launch(std::int64_t, const ScalePixel&, void*);
template void launch(std::int64_t, const UpdatePixel&, void*);

}  // namespace wsi_lpd::model::cuda
