#include <gtest/gtest.h>
#include <torch/torch.h>

namespace {

/// Tests run side by side: OpenMP's threads would spin waiting for each other.
class OneThread : public ::testing::Environment {
  void SetUp() override { at::set_num_threads(1); }
};

const auto* const kOneThread = ::testing::AddGlobalTestEnvironment(new OneThread);

}  // namespace
