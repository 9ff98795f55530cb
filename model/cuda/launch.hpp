#pragma once
#include <cstdint>

namespace wsi_lpd::model::cuda {

/// Queues `body` for each index from 0 to `count` on a stream of the current GPU. Throws Error where the driver refuses it. For the bodies
/// of network_bodies.hpp and crf_bodies.hpp; in builds with CUDA only.
template <class Body>
void launch(std::int64_t count, const Body& body, void* stream);

}  // namespace wsi_lpd::model::cuda
