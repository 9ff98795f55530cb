#pragma once
#include <string>
#include <vector>

namespace wsi_lpd::model::runtime {

/// "auto" becomes "cuda" where a GPU can be used, else "cpu"; "cpu", "cuda" and "cuda:n" stay. Throws UsageError when the named GPU can't
/// be used, and says whether this build or this machine lacks it.
std::string resolve_device(const std::string& wanted);
/// Does `device` (resolved) multiply bfloat16 matrices faster than float32 ones?
bool has_fast_bfloat16(const std::string& device);
/// Was this build linked with LibTorch's CUDA backend?
bool has_cuda_backend();
/// One line for each GPU that can be used.
std::vector<std::string> cuda_devices();
/// "LibTorch 2.11.0"
std::string library_version();

}  // namespace wsi_lpd::model::runtime
