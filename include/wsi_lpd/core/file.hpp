#pragma once
#include <chrono>
#include <filesystem>
#include <string>

namespace wsi_lpd::core {

// Functions here are thread-safe, and safe between processes that share a folder.

/// Whether a file must survive a crash of the machine once it has its name: Yes syncs it to disk first. Files that can be made again at any
/// time need no sync.
enum class Durable : bool { No, Yes };

/// A temporary name beside `final_path`, for the time in which the file is written: NAME.HOST-PID-RANDOM.part. No other process and no
/// other call gets the same name. Where it would be longer than file systems allow (255 bytes), a hash replaces the middle of NAME.
std::filesystem::path part_path(const std::filesystem::path& final_path);
/// The name that the file at `part` gets when it is complete: NAME of NAME.HOST-PID-RANDOM.part, or of NAME.part; empty for other names.
std::filesystem::path final_path(const std::filesystem::path& part);
/// Could part_path(final_path), in any process, have returned `part`? Names with a hash are recognised, too.
bool is_part_of(const std::filesystem::path& part, const std::filesystem::path& final_path);

/// Removes what killed processes left: parts of `final_path` that were not written to for `age`, by the clock of the file server. What
/// can't be removed stays, without an error.
void remove_old_parts(const std::filesystem::path& final_path, std::chrono::seconds age);

/// A file under construction. The caller writes it at `path()`, a part_path(). `commit()` gives it its final name; the destructor removes a
/// file that was not committed. Not thread-safe.
class PartFile {
 public:
  explicit PartFile(std::filesystem::path final_path, Durable durable = Durable::Yes);
  PartFile(PartFile&& other) noexcept;
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  PartFile& operator=(PartFile&&) = delete;
  ~PartFile();

  const std::filesystem::path& path() const { return part_; }
  const std::filesystem::path& final_path() const { return final_; }
  /// Syncs to disk where it must be durable, and renames; throws Error naming the final path.
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path part_;
  Durable durable_;
};

/// A folder under construction, at a part_path() of its final name. `commit()` gives it its name and removes what had the name before; the
/// destructor removes a folder that was not committed. Throws std::filesystem::filesystem_error. Not thread-safe.
class PartFolder {
 public:
  explicit PartFolder(std::filesystem::path final_path);
  PartFolder(const PartFolder&) = delete;
  PartFolder& operator=(const PartFolder&) = delete;
  ~PartFolder();

  const std::filesystem::path& path() const { return part_; }
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path part_;
};

/// This machine's name, for people.
std::string host_name();

/// Writes `text` as a whole through a PartFile. Throws Error (path and the system's reason), also when the disk is full.
void write_text_file(const std::filesystem::path& path, const std::string& text, Durable durable = Durable::Yes);
/// Reads a whole file. Throws Error (path and the system's reason).
std::string read_text_file(const std::filesystem::path& path);

}  // namespace wsi_lpd::core
