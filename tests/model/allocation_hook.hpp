#pragma once
// Brings in LibTorch.
#include <c10/core/CPUAllocator.h>

#include <cstdlib>
#include <functional>
#include <utility>

namespace wsi_lpd::testing {

/// While it lives, LibTorch calls `hook(bytes)` before it allocates memory for a tensor on the CPU, in any thread: what `hook` throws is
/// what an operation throws on a GPU that has no memory left, or has failed.
class AllocationHook final : public c10::Allocator {
 public:
  explicit AllocationHook(std::function<void(std::size_t)> hook) : before_(c10::GetCPUAllocator()), hook_(std::move(hook)) {
    c10::SetCPUAllocator(this);
  }
  AllocationHook(const AllocationHook&) = delete;
  AllocationHook& operator=(const AllocationHook&) = delete;
  ~AllocationHook() override { c10::SetCPUAllocator(before_); }

  c10::DataPtr allocate(std::size_t bytes) override {
    hook_(bytes);
    return before_->allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return before_->raw_deleter(); }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { before_->copy_data(to, from, bytes); }

 private:
  c10::Allocator* before_;
  std::function<void(std::size_t)> hook_;
};

/// Throws as LibTorch does when a GPU has too little memory.
[[noreturn]] inline void throw_out_of_memory() {
  TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 139.80 GiB");
  std::abort();
}

}  // namespace wsi_lpd::testing
