// Safetensors: tensors are as large as their shapes and no larger than the file, and what is read is written and read the same.
#include "wsi_lpd/model/weights/safetensors.hpp"

#include "fuzz.hpp"

using namespace wsi_lpd;
using model::weights::TensorFile;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::filesystem::path path = fuzz::file_of(bytes, size, "m.safetensors"), copy = fuzz::scratch_folder() / "copy.safetensors";
  TensorFile file;
  const bool taken = fuzz::accepts([&] { file = model::weights::read_safetensors(path); });
  std::map<std::string, std::string> metadata;
  const bool described = fuzz::accepts([&] { metadata = model::weights::read_safetensors_metadata(path); });
  fuzz::check(taken ? described && metadata == file.metadata : true, "other metadata without the tensors");
  if (!taken) return 0;
  std::size_t total = 0;
  for (const auto& [name, tensor] : file.tensors) total += tensor.nbytes();
  fuzz::check(total <= size, "more bytes of tensors than of the file");
  TensorFile again;
  fuzz::must_accept("what was read", [&] {
    model::weights::write_safetensors(copy, file);
    again = model::weights::read_safetensors(copy);
  });
  fuzz::check(again.metadata == file.metadata && again.tensors.size() == file.tensors.size(), "other names or metadata");
  for (const auto& [name, tensor] : file.tensors) {
    const torch::Tensor& other = again.tensors.at(name);
    const bool same = other.scalar_type() == tensor.scalar_type() && other.sizes() == tensor.sizes() &&
                      (tensor.nbytes() == 0 || std::memcmp(other.data_ptr(), tensor.data_ptr(), tensor.nbytes()) == 0);
    fuzz::check(same, "another tensor than was written");
  }
  return 0;
}
