#include "zip_records.hpp"

#include <zlib.h>

#include <cstring>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/weights/pickle.hpp"

namespace wsi_lpd::model::weights {
namespace {

// Signatures and sizes of PKWARE's APPNOTE, sections 4.3 and 4.5.3.
constexpr std::uint32_t kLocalHeader = 0x04034b50, kDirectoryEntry = 0x02014b50;
constexpr std::uint32_t kZip64End = 0x06064b50, kZip64Locator = 0x07064b50;
constexpr std::size_t kEndSize = 22, kLocatorSize = 20, kLocalHeaderSize = 30, kEntrySize = 46, kLongestComment = 65535;
constexpr std::uint16_t kZip64Extra = 1;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;  // the true value stands in the zip64 part

[[noreturn]] void fail(const std::string& why) { throw core::Error("not a sound zip archive: " + why); }

std::string_view slice(std::string_view bytes, std::uint64_t offset, std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) fail("it points beyond its own end; the file is cut short or damaged");
  return bytes.substr(offset, size);
}

template <class T>
T number(std::string_view bytes, std::uint64_t offset) {
  T value{};
  std::memcpy(&value, slice(bytes, offset, sizeof value).data(), sizeof value);
  return value;
}

/// Takes the next 8 bytes of the zip64 extra field where `value` says that it stands there.
void widen(std::uint64_t& value, std::string_view extra, std::size_t& position) {
  if (value != kIn64) return;
  value = number<std::uint64_t>(extra, position);
  position += sizeof value;
}

std::string_view zip64_extra(std::string_view extra) {
  for (std::size_t at = 0; at + 4 <= extra.size();) {
    const auto length = number<std::uint16_t>(extra, at + 2);
    if (number<std::uint16_t>(extra, at) == kZip64Extra) return slice(extra, at + 4, length);
    at += 4U + length;
  }
  return {};
}

}  // namespace

ZipRecords::ZipRecords(std::string_view archive) : archive_(archive) {
  const std::size_t earliest = archive.size() > kEndSize + kLongestComment ? archive.size() - kEndSize - kLongestComment : 0;
  std::size_t end = archive.rfind(std::string_view("PK\x05\x06", 4));
  if (end == std::string_view::npos || end < earliest || archive.size() - end < kEndSize) {
    throw core::Error("the file is cut short: the directory at the end of the archive is missing");
  }
  std::uint64_t count = number<std::uint16_t>(archive, end + 10), size = number<std::uint32_t>(archive, end + 12),
                offset = number<std::uint32_t>(archive, end + 16);
  if (end >= kLocatorSize && number<std::uint32_t>(archive, end - kLocatorSize) == kZip64Locator) {
    const auto zip64 = number<std::uint64_t>(archive, end - kLocatorSize + 8);
    if (number<std::uint32_t>(archive, zip64) != kZip64End) fail("its zip64 directory is not where it should be");
    count = number<std::uint64_t>(archive, zip64 + 32);
    size = number<std::uint64_t>(archive, zip64 + 40);
    offset = number<std::uint64_t>(archive, zip64 + 48);
  }
  read_directory(offset, size, count);
  for (const auto& [name, record] : records_) {
    if (!name.ends_with("data.pkl") || (name.size() > 8 && name[name.size() - 9] != '/')) continue;
    if (!folder_.empty()) fail("it holds more than one data.pkl");
    folder_ = name.substr(0, name.size() - 8);
  }
  if (!has(folder_ + "data.pkl")) throw core::Error("is a zip archive, but no PyTorch checkpoint: it holds no data.pkl");
}

void ZipRecords::read_directory(std::uint64_t offset, std::uint64_t size, std::uint64_t count) {
  const std::string_view directory = slice(archive_, offset, size);
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (number<std::uint32_t>(directory, at) != kDirectoryEntry) fail("its directory is damaged");
    const auto flags = number<std::uint16_t>(directory, at + 8), method = number<std::uint16_t>(directory, at + 10);
    const auto name_length = number<std::uint16_t>(directory, at + 28), extra_length = number<std::uint16_t>(directory, at + 30),
               comment_length = number<std::uint16_t>(directory, at + 32);
    const std::string name(slice(directory, at + kEntrySize, name_length));
    const std::string_view extra = zip64_extra(slice(directory, at + kEntrySize + name_length, extra_length));
    std::uint64_t packed = number<std::uint32_t>(directory, at + 20);
    Record record{.header = number<std::uint32_t>(directory, at + 42),
                  .size = number<std::uint32_t>(directory, at + 24),
                  .crc = number<std::uint32_t>(directory, at + 16)};
    std::size_t position = 0;
    widen(record.size, extra, position);
    widen(packed, extra, position);
    widen(record.header, extra, position);
    if (flags & 1) fail("record " + printable(name) + " is encrypted");
    if (method != 0 || packed != record.size) fail("record " + printable(name) + " is compressed, which PyTorch never does");
    if (!records_.emplace(name, record).second) fail("record " + printable(name) + " is there twice");
    at += kEntrySize + name_length + extra_length + comment_length;
  }
}

std::string_view ZipRecords::read(const std::string& name) const {
  const auto found = records_.find(name);
  if (found == records_.end()) throw core::Error("the archive has no record " + printable(name));
  const Record& record = found->second;
  const std::string_view header = slice(archive_, record.header, kLocalHeaderSize);
  if (number<std::uint32_t>(header, 0) != kLocalHeader) fail("record " + printable(name) + " is not where it should be");
  const std::uint64_t names = kLocalHeaderSize + std::uint64_t{number<std::uint16_t>(header, 26)} + number<std::uint16_t>(header, 28);
  slice(archive_, record.header, names);
  const std::string_view bytes = slice(archive_, record.header + names, record.size);
  if (crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()) != record.crc) {
    throw core::Error("record " + printable(name) + " is damaged: its CRC-32 is another one than the archive says");
  }
  return bytes;
}

}  // namespace wsi_lpd::model::weights
