#include "wsi_lpd/model/runtime/device.hpp"

#include <torch/torch.h>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::runtime {

std::string resolve_device(const std::string& wanted) {
  const bool usable = torch::cuda::is_available();
  if (wanted == "auto") return usable ? "cuda" : "cpu";
  if (wanted == "cpu") return wanted;
  const std::string number = wanted.starts_with("cuda:") ? wanted.substr(5) : wanted == "cuda" ? "0" : "";
  if (number.empty() || number.size() > 4 || number.find_first_not_of("0123456789") != std::string::npos)
    throw core::UsageError("--device " + wanted + " is none of auto, cpu, cuda and cuda:N");
  if (!has_cuda_backend())
    throw core::UsageError("--device " + wanted + ": this build has no CUDA backend; build the cuda preset, or use --device cpu");
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (!usable || std::stoi(number) >= count) {
    throw core::UsageError("--device " + wanted + ": this machine has " + std::to_string(usable ? count : 0) +
                           " usable GPUs; see wsi-lpd doctor, or use --device cpu");
  }
  return wanted;
}

bool has_fast_bfloat16(const std::string& device) {
  if (device != "cpu") return true;  // every GPU that LibTorch's CUDA 13 supports
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

bool has_cuda_backend() { return torch::hasCUDA() || c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA); }

std::vector<std::string> cuda_devices() {
  std::vector<std::string> devices;
  if (!torch::cuda::is_available()) return devices;
  for (c10::DeviceIndex i = 0; i < static_cast<c10::DeviceIndex>(torch::cuda::device_count()); ++i)
    devices.push_back("cuda:" + std::to_string(i));
  return devices;
}

std::string library_version() { return std::string("LibTorch ") + TORCH_VERSION; }

}  // namespace wsi_lpd::model::runtime
