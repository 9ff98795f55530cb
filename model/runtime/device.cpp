#include "wsi_lpd/model/runtime/device.hpp"

#include <torch/torch.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::runtime {
#if defined(__x86_64__)
namespace {
bool has_amx_bfloat16() {
  constexpr unsigned kFeatures = 7, kAmxBfloat16 = 1U << 22U;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(kFeatures, 0, &a, &b, &c, &d) && (d & kAmxBfloat16);
}
}  // namespace
#endif

std::string resolve_device(const std::string& wanted) {
  if (wanted == "cpu") return wanted;  // without a look for GPUs, which would load their driver
  const bool usable = torch::cuda::is_available();
  if (wanted == "auto") return usable ? "cuda" : "cpu";
  const std::string number = wanted.starts_with("cuda:") ? wanted.substr(5) : wanted == "cuda" ? "0" : "";
  if (number.empty() || number.size() > 4 || number.find_first_not_of("0123456789") != std::string::npos)
    throw core::UsageError("--device " + wanted + " is none of auto, cpu, cuda and cuda:N");
  if (!has_cuda_backend())
    throw core::UsageError("--device " + wanted +
                           ": no CUDA backend here; build the cuda preset, start a bundle with --torch, or use --device cpu");
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
  // Intel's processors are fast with AMX alone: without it, as in some virtual machines, bfloat16 takes 1.8 times as long as float32.
  return __builtin_cpu_supports("avx512bf16") && (!__builtin_cpu_is("intel") || has_amx_bfloat16());
#else
  return false;
#endif
}

bool has_fast_int8([[maybe_unused]] const std::string& device) {
#if defined(__x86_64__)
  return device == "cpu" && __builtin_cpu_supports("avx512vnni");
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
