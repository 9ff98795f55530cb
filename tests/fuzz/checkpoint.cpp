// Checkpoints: the tensors stay within eight times the file. An input is a file; or, behind a byte 'Z', the pickle of an archive with two
// storages, whose CRC-32 are right, which no mutation of an archive would hit.
#include "wsi_lpd/model/weights/checkpoint.hpp"

#include "fuzz.hpp"
#include "model/weights/checkpoint_bytes.hpp"

using namespace wsi_lpd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string file = fuzz::text_of(bytes, size);
  if (file.starts_with('Z')) {
    const std::string storage = testing::floats({1, 2, 3, 4, 5, 6});
    file = testing::zip({{"x/data.pkl", file.substr(1)}, {"x/byteorder", "little"}, {"x/data/0", storage}, {"x/data/1", storage}});
  }
  const std::filesystem::path path = fuzz::file_of(file, "m.pth");
  fuzz::accepts([&] {
    const model::weights::TensorFile read = model::weights::read_checkpoint(path);
    std::size_t total = 0;
    for (const auto& [name, tensor] : read.tensors) {
      fuzz::check(tensor.is_contiguous(), "a tensor that is not contiguous");
      total += tensor.nbytes();
    }
    fuzz::check(total <= 9 * file.size(), "more bytes of tensors than a file of this size may unfold to");
    for (const auto& [key, value] : read.metadata) {
      if (!value.empty()) fuzz::check_line(value);
    }
  });
  return 0;
}
