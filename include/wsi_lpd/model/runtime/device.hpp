#pragma once
#include <string>
#include <vector>

namespace wsi_lpd::model::runtime {

/// Resolves the name of a device: "auto" becomes "cuda" if a GPU can be used, else "cpu"; "cpu", "cuda" and "cuda:n" are returned
/// unchanged. Throws UsageError for other names, and for a GPU that can't be used; the message says whether the build or the machine lacks
/// it. Thread-safe, as all functions here. Looking for GPUs initialises CUDA.
std::string resolve_device(const std::string& wanted);
/// Whether the resolved `device` multiplies bfloat16 matrices faster than float32 ones: every GPU, and CPUs with AMX-BF16 or, if they are
/// not Intel's, AVX512-BF16.
bool has_fast_bfloat16(const std::string& device);
/// Whether the resolved `device` multiplies 8-bit integers faster than bfloat16 and float32: CPUs with AVX512-VNNI.
bool has_fast_int8(const std::string& device);
/// Whether this build is linked with LibTorch's CUDA backend.
bool has_cuda_backend();
/// The names of the GPUs that can be used: "cuda:0", …
std::vector<std::string> cuda_devices();
/// "LibTorch 2.11.0": the version that this program was compiled with.
std::string library_version();

}  // namespace wsi_lpd::model::runtime
