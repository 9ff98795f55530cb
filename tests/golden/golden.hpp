#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "test_data.hpp"
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::testing {

/// The folder of the numbers that the published LPD code computes (its README.md says how they were made).
std::filesystem::path golden_folder();
nlohmann::json golden_json(const std::string& name);
/// The two patches of patches.safetensors as the published code normalises them: [2, 3, 224, 224], BGR.
torch::Tensor golden_input();

/// One of its .safetensors files. Tensors that are stored shortened are only compared with, never handed out.
class Golden {
 public:
  explicit Golden(const std::string& name);

  bool contains(const std::string& name) const { return file_.tensors.contains(name); }
  std::vector<std::string> names() const;
  /// A tensor that is stored whole; label maps are unpacked. Throws std::out_of_range when it is not there or shortened.
  torch::Tensor at(const std::string& name) const;

  /// Every stored value, and every stored mean of a plane, differs by `tolerance` at most.
  void expect_close(const torch::Tensor& actual, const std::string& name, double tolerance) const;
  /// Equal bit by bit to a tensor of which the CRC-32 is stored.
  void expect_same_bytes(const torch::Tensor& actual, const std::string& name) const;

 private:
  model::weights::TensorFile file_;
};

}  // namespace wsi_lpd::testing
