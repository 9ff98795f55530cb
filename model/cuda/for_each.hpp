#pragma once
// Private to model/cuda.
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstdint>

#include "launch.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::cuda {

/// `body` for each index from 0 to `count`: on a GPU queued on its current stream, on the CPU by the calling thread. Throws Error.
template <class Body>
void for_each(std::int64_t count, const c10::Device& device, const Body& body) {
  if (device.is_cpu()) {
    for (std::int64_t i = 0; i < count; ++i) body(i);
    return;
  }
#ifdef WSI_LPD_CUDA
  const c10::DeviceGuard guard(device);
  launch(count, body, c10::impl::VirtualGuardImpl(device.type()).getStream(device).native_handle());
#else
  throw core::Error("this program was built without CUDA");
#endif
}

}  // namespace wsi_lpd::model::cuda
