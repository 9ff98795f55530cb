#include "model/weights/checkpoint_bytes.hpp"

#include <fstream>

#include "golden/golden_weights.hpp"

namespace wsi_lpd::testing {
namespace {

template <class T>
std::string bytes_of(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

std::string text(const std::string& value) { return std::string("X") + bytes_of(static_cast<std::uint32_t>(value.size())) + value; }
std::string integer(std::int32_t value) { return std::string("J") + bytes_of(value); }
std::string global(const std::string& module, const std::string& name) { return std::string("c") + module + "\n" + name + "\n"; }
std::string tuple(const std::vector<std::int32_t>& values) {
  std::string result = "(";
  for (const std::int32_t value : values) result += integer(value);
  return result + "t";
}
std::string dictionary(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string result = "}(";
  for (const auto& [key, value] : entries) result += text(key) + value;
  return result + "u";
}
std::string pickle(const std::string& value) { return std::string("\x80\x02") + value + "."; }
std::string storage(const std::string& key, std::int32_t elements, const std::string& type) {
  return std::string("(") + text("storage") + global("torch", type) + text(key) + text("cpu") + integer(elements) + "tQ";
}
std::string tensor(const std::string& storage, std::int32_t offset, const std::vector<std::int32_t>& sizes,
                   const std::vector<std::int32_t>& strides) {
  return global("torch._utils", "_rebuild_tensor_v2") + "(" + storage + integer(offset) + tuple(sizes) + tuple(strides) + "\x89" +
         global("collections", "OrderedDict") + ")RtR";
}
std::string floats(std::initializer_list<float> values) {
  return {reinterpret_cast<const char*>(std::data(values)), values.size() * sizeof(float)};
}

std::string zip(const Records& records, bool zip64, std::uint16_t method) {
  using U16 = std::uint16_t;
  using U32 = std::uint32_t;
  using U64 = std::uint64_t;
  std::string archive, directory;
  for (const auto& [name, content] : records) {
    const U64 offset = archive.size(), size = content.size();
    const auto crc = static_cast<U32>(crc32(content));
    const std::string kind = bytes_of(U16{45}) + bytes_of(U16{0}) + bytes_of(method) + bytes_of(U32{0}) + bytes_of(crc);
    archive += std::string("PK\x03\x04") + kind + bytes_of(static_cast<U32>(size)) + bytes_of(static_cast<U32>(size)) +
               bytes_of(static_cast<U16>(name.size())) + bytes_of(U16{0}) + name + content;
    const std::string extra = zip64 ? bytes_of(U16{1}) + bytes_of(U16{24}) + bytes_of(size) + bytes_of(size) + bytes_of(offset) : "";
    const U32 size32 = zip64 ? ~0U : static_cast<U32>(size), offset32 = zip64 ? ~0U : static_cast<U32>(offset);
    directory += std::string("PK\x01\x02") + bytes_of(U16{45}) + kind + bytes_of(size32) + bytes_of(size32) +
                 bytes_of(static_cast<U16>(name.size())) + bytes_of(static_cast<U16>(extra.size())) + bytes_of(U16{0}) + bytes_of(U16{0}) +
                 bytes_of(U16{0}) + bytes_of(U32{0}) + bytes_of(offset32) + name + extra;
  }
  const U64 start = archive.size(), size = directory.size(), count = records.size();
  archive += directory;
  const U64 end = archive.size();
  if (zip64) {
    archive += std::string("PK\x06\x06") + bytes_of(U64{44}) + bytes_of(U16{45}) + bytes_of(U16{45}) + bytes_of(U32{0}) + bytes_of(U32{0}) +
               bytes_of(count) + bytes_of(count) + bytes_of(size) + bytes_of(start);
    archive += std::string("PK\x06\x07") + bytes_of(U32{0}) + bytes_of(end) + bytes_of(U32{1});
  }
  const auto count16 = static_cast<U16>(zip64 ? 0xFFFF : count);
  return archive + "PK\x05\x06" + bytes_of(U32{0}) + bytes_of(count16) + bytes_of(count16) +
         bytes_of(zip64 ? ~0U : static_cast<U32>(size)) + bytes_of(zip64 ? ~0U : static_cast<U32>(start)) + bytes_of(U16{0});
}

std::string checkpoint(const std::string& content, const std::vector<std::string>& storages) {
  Records records{{"x/data.pkl", pickle(content)}, {"x/byteorder", "little"}};
  for (std::size_t i = 0; i < storages.size(); ++i) records.emplace_back("x/data/" + std::to_string(i), storages[i]);
  return zip(records);
}

std::string legacy_checkpoint(const std::string& content, const std::vector<std::string>& storages) {
  std::string file = pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + pickle(integer(1001)) +
                     pickle(dictionary({{"little_endian", "\x88"}})) + pickle(content);
  std::string keys = "](", data;
  for (std::size_t i = 0; i < storages.size(); ++i) {
    keys += text(std::to_string(i));
    data += bytes_of(static_cast<std::uint64_t>(storages[i].size() / sizeof(float))) + storages[i];
  }
  return file + pickle(keys + "e") + data;
}

void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace wsi_lpd::testing
