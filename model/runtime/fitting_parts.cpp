#include "wsi_lpd/model/runtime/fitting_parts.hpp"

#include <string_view>

#include "wsi_lpd/core/exception_text.hpp"

namespace wsi_lpd::model::runtime {

// By what is said: an encoder in TorchScript throws what its operations throw anew, as another type.

bool ran_out_of_memory(const std::exception& error) {
  const std::string_view text = error.what();
  return core::is_out_of_memory(error) || text.find("CUBLAS_STATUS_ALLOC_FAILED") != text.npos ||
         text.find("CUDNN_STATUS_ALLOC_FAILED") != text.npos;
}

std::string device_failure(const std::exception& error) {
  if (ran_out_of_memory(error)) return {};
  const std::string text = error.what();
  for (const char* word : {"CUDA error", "cuDNN error", "CUDA driver error"}) {
    const std::size_t begin = text.find(word);
    if (begin != std::string::npos) return text.substr(begin, text.find('\n', begin) - begin);
  }
  return {};
}

std::string FittingParts::take_note(const std::string& items) {
  const std::int64_t failed = largest_that_failed_.exchange(0);
  if (failed == 0) return {};
  return "too little memory for " + std::to_string(failed) + " " + items + " at once: " + std::to_string(most_.load()) +
         " at once from now on, which takes longer and changes no result";
}

void FittingParts::shrink(std::int64_t size) {
  const std::int64_t half = (size + 1) / 2;
  for (std::int64_t most = most_; half < most && !most_.compare_exchange_weak(most, half);) {
  }
  for (std::int64_t failed = largest_that_failed_; failed < size && !largest_that_failed_.compare_exchange_weak(failed, size);) {
  }
}

}  // namespace wsi_lpd::model::runtime
