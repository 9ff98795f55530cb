#include "wsi_lpd/model/runtime/device.hpp"

#include <gmock/gmock.h>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::runtime {
namespace {

using ::testing::HasSubstr;

std::string error_of(const std::string& device) {
  try {
    return "no error, but " + resolve_device(device);
  } catch (const core::UsageError& error) {
    return error.what();
  }
}

TEST(Device, TakesWhatIsThere) {
  EXPECT_EQ(resolve_device("cpu"), "cpu");
  EXPECT_EQ(resolve_device("auto"), cuda_devices().empty() ? "cpu" : "cuda");
  for (const std::string& device : cuda_devices()) EXPECT_EQ(resolve_device(device), device);
}

TEST(Device, RefusesOtherNamesAndGpusThatAreNotThere) {
  for (const char* name : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:0 ", "cuda0", "mps", "cuda:10000"})
    EXPECT_THAT(error_of(name), HasSubstr("is none of auto, cpu, cuda and cuda:N")) << name;
  EXPECT_THAT(error_of("cuda:999"), HasSubstr(has_cuda_backend() ? "usable GPUs" : "no CUDA backend"));
}

}  // namespace
}  // namespace wsi_lpd::model::runtime
