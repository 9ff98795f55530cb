#include "device_crf.hpp"

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/torch.h>

#include "wsi_lpd/model/cuda/dense_crf.hpp"
#include "wsi_lpd/model/runtime/fitting_parts.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

c10::Stream own_stream(const c10::Device& device) {
  return device.is_cpu() ? c10::Stream(c10::Stream::DEFAULT, device)
                         : c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
}

}  // namespace

DeviceCrf::DeviceCrf(const c10::Device& device) : device_(device), stream_(own_stream(device)) {}

std::optional<std::vector<std::uint8_t>> DeviceCrf::labels(std::vector<float>& probabilities, int labels,
                                                           core::ImageView<const std::uint8_t> rgb, const crf::DenseCrfOptions& options) {
  const std::scoped_lock one_at_a_time(turn_);
  if (is_full_) return {};
  const c10::InferenceMode inference;
  const c10::StreamGuard guard(stream_);
  try {
    const auto given = torch::from_blob(probabilities.data(), {labels, rgb.height, rgb.width}).to(device_),
               pixels = torch::from_blob(const_cast<std::uint8_t*>(rgb.pixels), {rgb.height, rgb.width, 3}, torch::kByte).to(device_);
    const auto unary = -given.clamp(crf::kLeastProbability, 1).log();
    const auto best = model::cuda::dense_crf_from_unary(unary, pixels, options).argmax(0).to(torch::kByte).cpu();
    return std::vector<std::uint8_t>(best.const_data_ptr<std::uint8_t>(), best.const_data_ptr<std::uint8_t>() + best.numel());
  } catch (const std::exception& error) {
    if (!model::runtime::ran_out_of_memory(error)) throw;
    is_full_ = true;
    return {};
  }
}

std::string DeviceCrf::take_note() {
  return is_full_ && !is_said_.exchange(true) ? "too little memory on the GPU for the CRF: the CPU computes it from now on" : "";
}

}  // namespace wsi_lpd::pipeline::segment
