#pragma once
// Pickles and archives written byte by byte, sound and not. Out of line: inlined, g++ 12 warns of strings beyond all bounds.
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace wsi_lpd::testing {

// Opcodes of pickle protocol 2.
std::string text(const std::string& value);
std::string integer(std::int32_t value);
std::string global(const std::string& module, const std::string& name);
std::string tuple(const std::vector<std::int32_t>& values);
std::string dictionary(const std::vector<std::pair<std::string, std::string>>& entries);
std::string pickle(const std::string& value);
std::string storage(const std::string& key, std::int32_t elements, const std::string& type = "FloatStorage");
std::string tensor(const std::string& storage, std::int32_t offset, const std::vector<std::int32_t>& sizes,
                   const std::vector<std::int32_t>& strides);
std::string floats(std::initializer_list<float> values);

using Records = std::vector<std::pair<std::string, std::string>>;
/// A zip archive of stored records. With `zip64`, sizes, offsets and the directory's place stand in the 64-bit fields.
std::string zip(const Records& records, bool zip64 = false, std::uint16_t method = 0);
/// What torch.save writes: data.pkl and the storages "0", "1", …
std::string checkpoint(const std::string& content, const std::vector<std::string>& storages);
/// The container before PyTorch 1.6, of storages of floats.
std::string legacy_checkpoint(const std::string& content, const std::vector<std::string>& storages);

void write_bytes(const std::filesystem::path& path, const std::string& bytes);

}  // namespace wsi_lpd::testing
