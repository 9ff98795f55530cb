#pragma once
#include <filesystem>
#include <string>

namespace wsi_lpd {

/// A file under construction. It is written at `path()`, which is the final name with ".part" added, and gets the final name only by
/// `commit()`; without it the destructor removes it. Not thread-safe.
class PartFile {
 public:
  explicit PartFile(std::filesystem::path final_path);
  PartFile(PartFile&& other) noexcept;
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  PartFile& operator=(PartFile&&) = delete;
  ~PartFile();

  const std::filesystem::path& path() const { return part_; }
  const std::filesystem::path& final_path() const { return final_; }
  /// Syncs to disk and renames; throws Error naming the final path.
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path part_;
};

/// Writes `text` as a whole through a PartFile. Throws Error (path and the system's reason), also when the disk is full.
void write_text_file(const std::filesystem::path& path, const std::string& text);
/// Reads a whole file; throws Error.
std::string read_text_file(const std::filesystem::path& path);

}  // namespace wsi_lpd
