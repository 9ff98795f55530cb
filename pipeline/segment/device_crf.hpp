#pragma once
#include <c10/core/Device.h>
#include <c10/core/Stream.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/crf/dense_crf.hpp"

namespace wsi_lpd::pipeline::segment {

/// The dense CRF by model::cuda on one device, one window at a time, because one keeps a GPU busy. Thread-safe.
class DeviceCrf {
 public:
  /// `device`: a GPU that model::cuda::has_kernels_for(), or the CPU for comparing. Throws c10::Error.
  explicit DeviceCrf(const c10::Device& device);

  /// As Segmenter::crf_labels(). Nothing where the device has too little memory, and from then on. Throws c10::Error.
  std::optional<std::vector<std::uint8_t>> labels(std::vector<float>& probabilities, int labels, core::ImageView<const std::uint8_t> rgb,
                                                  const crf::DenseCrfOptions& options);
  /// One line for people, once after memory has run out; else nothing.
  std::string take_note();

 private:
  c10::Device device_;
  c10::Stream stream_;  // of a GPU always the same: LibTorch keeps the memory of each for itself
  std::mutex turn_;
  std::atomic<bool> is_full_ = false, is_said_ = false;
};

}  // namespace wsi_lpd::pipeline::segment
