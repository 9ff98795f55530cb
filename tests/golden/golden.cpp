#include "golden/golden.hpp"

#include <stdexcept>

#include "golden/golden_weights.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/model/network/network.hpp"

namespace wsi_lpd::testing {
namespace {

using torch::Tensor;
using Shape = std::vector<std::int64_t>;

double largest_difference(const Tensor& a, const Tensor& b) {
  return (a.to(torch::kDouble) - b.to(torch::kDouble)).abs().max().item<double>();
}

Tensor unpack_labels(const Tensor& packed, const Shape& shape) {
  std::vector<Tensor> parts;
  for (const int shift : {0, 2, 4, 6}) parts.push_back(packed.bitwise_right_shift(shift).bitwise_and(3));
  return torch::stack(parts, 1).view(shape);
}

}  // namespace

std::filesystem::path golden_folder() { return std::filesystem::path(WSI_LPD_SOURCE_DIR) / "tests/golden"; }

nlohmann::json golden_json(const std::string& name) {
  return nlohmann::json::parse(core::read_text_file(golden_folder() / (name + ".json")));
}

Tensor golden_input() {
  return model::network::InputNormaliser(model::network::ModelInfo{}, torch::kCPU)(Golden("patches").at("rgb_u8")).flip(1).contiguous();
}

Golden::Golden(const std::string& name) : file_(model::weights::read_safetensors(golden_folder() / (name + ".safetensors"))) {}

std::vector<std::string> Golden::names() const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : file_.tensors) names.push_back(name);
  return names;
}

Tensor Golden::at(const std::string& name) const {
  const auto note = file_.metadata.find(name);
  if (note == file_.metadata.end()) return file_.tensors.at(name);
  const auto json = nlohmann::json::parse(note->second);
  if (!json.contains("bits")) throw std::out_of_range(name + " is stored shortened");
  return unpack_labels(file_.tensors.at(name), json.at("shape").get<Shape>());
}

void Golden::expect_close(const Tensor& actual, const std::string& name, double tolerance) const {
  const Tensor& stored = file_.tensors.at(name);
  const auto note = file_.metadata.find(name);
  if (note == file_.metadata.end()) {
    ASSERT_EQ(actual.sizes(), stored.sizes()) << name;
    EXPECT_LE(largest_difference(actual, stored), tolerance) << name;
    return;
  }
  const auto json = nlohmann::json::parse(note->second);
  ASSERT_EQ(actual.sizes(), json.at("shape").get<Shape>()) << name;
  EXPECT_LE(largest_difference(actual.flatten().slice(0, 0, actual.numel(), json.at("step").get<std::int64_t>()), stored), tolerance)
      << name;
  EXPECT_LE(largest_difference(actual.flatten(2).mean(2, false, torch::kDouble), file_.tensors.at(name + ".means")), tolerance)
      << name << ", means of planes";
}

void Golden::expect_same_bytes(const Tensor& actual, const std::string& name) const {
  const auto json = nlohmann::json::parse(file_.metadata.at(name));
  ASSERT_EQ(actual.sizes(), json.at("shape").get<Shape>()) << name;
  const Tensor flat = actual.contiguous();
  const std::string bytes(static_cast<const char*>(flat.const_data_ptr()), flat.nbytes());
  EXPECT_EQ(crc32(bytes), json.at("crc32").get<std::uint32_t>()) << name;
}

}  // namespace wsi_lpd::testing
