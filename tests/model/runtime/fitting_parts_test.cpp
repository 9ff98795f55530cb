#include "wsi_lpd/model/runtime/fitting_parts.hpp"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <new>
#include <stdexcept>

#include "model/allocation_hook.hpp"

namespace wsi_lpd::model::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using Part = std::pair<std::int64_t, std::int64_t>;

/// The parts that a device takes which has memory for `most` items.
std::vector<Part> parts_of(FittingParts& parts, std::int64_t items, std::int64_t most) {
  return parts.compute(items, [&](std::int64_t first, std::int64_t count) {
    if (count > most) testing::throw_out_of_memory();
    return Part(first, count);
  });
}

TEST(FittingParts, AreHalvedUntilTheyFitAndStaySo) {
  FittingParts parts;
  EXPECT_THAT(parts_of(parts, 10, 10), ElementsAre(Pair(0, 10)));
  EXPECT_EQ(parts.take_note("tiles"), "");
  EXPECT_THAT(parts_of(parts, 10, 4), ElementsAre(Pair(0, 3), Pair(3, 3), Pair(6, 3), Pair(9, 1)));
  EXPECT_EQ(parts.take_note("tiles"),
            "too little memory for 10 tiles at once: 3 at once from now on, which takes longer and changes no result");
  EXPECT_EQ(parts.take_note("tiles"), "") << "it is said once";
  EXPECT_THAT(parts_of(parts, 4, 10), ElementsAre(Pair(0, 3), Pair(3, 1)));
  EXPECT_EQ(parts.take_note("tiles"), "");
  EXPECT_THAT(parts_of(parts, 0, 1), IsEmpty());
}

TEST(FittingParts, LeaveOtherErrorsAndASingleItemAlone) {
  FittingParts parts;
  EXPECT_THROW(parts_of(parts, 8, 0), c10::OutOfMemoryError);
  FittingParts others;
  int calls = 0;
  const auto fail = [&](std::int64_t, std::int64_t) -> int {
    ++calls;
    throw std::runtime_error("CUDA error: an illegal memory access was encountered");
  };
  EXPECT_THROW(others.compute(8, fail), std::runtime_error);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(others.take_note("tiles"), "");
}

TEST(FittingParts, ErrorsAreToldApartByWhatTheySay) {
  for (const char* text :
       {"CUDA out of memory. Tried to allocate 20.00 MiB", "CUDA error: out of memory\nmore",
        "The following operation failed in the TorchScript interpreter.\nRuntimeError: CUDA out of memory. Tried",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", "cuDNN error: CUDNN_STATUS_ALLOC_FAILED"}) {
    EXPECT_TRUE(ran_out_of_memory(std::runtime_error(text))) << text;
    EXPECT_EQ(device_failure(std::runtime_error(text)), "") << text;
  }
  EXPECT_TRUE(ran_out_of_memory(std::bad_alloc()));
  const c10::AcceleratorError lost({__func__, __FILE__, __LINE__}, 719, "CUDA error: unspecified launch failure\nSearch for it");
  EXPECT_FALSE(ran_out_of_memory(lost));
  EXPECT_EQ(device_failure(lost), "CUDA error: unspecified launch failure");
  EXPECT_EQ(device_failure(std::runtime_error("in TorchScript\nRuntimeError: cuDNN error: CUDNN_STATUS_EXECUTION_FAILED\n")),
            "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED");
  EXPECT_EQ(device_failure(std::runtime_error("mat1 and mat2 shapes cannot be multiplied")), "");
}

}  // namespace
}  // namespace wsi_lpd::model::runtime
