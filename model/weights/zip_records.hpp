#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace wsi_lpd::model::weights {

/// The records of a zip archive that PyTorch wrote: stored, not compressed. The archive's bytes must outlive the object. Const members are
/// thread-safe.
class ZipRecords {
 public:
  /// Reads the central directory, zip64 included. Throws Error (without a path): truncated, invalid, compressed, encrypted.
  explicit ZipRecords(std::string_view archive);
  /// The common folder of all records, with a slash; PyTorch names it after the file. Throws Error when there is no data.pkl.
  const std::string& folder() const { return folder_; }
  bool has(const std::string& name) const { return records_.contains(name); }
  /// Bytes of one record. Throws Error when the record is missing or out of bounds, or its CRC-32 differs.
  std::string_view read(const std::string& name) const;

 private:
  struct Record {
    std::uint64_t header = 0, size = 0;
    std::uint32_t crc = 0;
  };
  void read_directory(std::uint64_t offset, std::uint64_t size, std::uint64_t count);

  std::string_view archive_;
  std::map<std::string, Record, std::less<>> records_;
  std::string folder_;
};

}  // namespace wsi_lpd::model::weights
