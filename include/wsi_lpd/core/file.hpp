#pragma once
#include <chrono>
#include <filesystem>
#include <string>

namespace wsi_lpd {

/// Whether a file must outlast a crash of the machine once it has its name. What can be made again at any time need not.
enum class Durable : bool { No, Yes };

/// A name beside `final_path` to construct it under, NAME.HOST-PID-RANDOM.part, which no other process and no other call gets. Where that
/// would be longer than file systems allow (255 bytes), a hash stands for the middle of NAME.
std::filesystem::path part_path(const std::filesystem::path& final_path);
/// What `part` gets as its final name: NAME of NAME.HOST-PID-RANDOM.part, or of NAME.part; empty for other names.
std::filesystem::path final_path(const std::filesystem::path& part);
/// Is `part` a name of part_path(final_path), in whatever process? Long names are recognised, too.
bool is_part_of(const std::filesystem::path& part, const std::filesystem::path& final_path);

/// Removes what killed processes left: parts of `final_path` that were not written to for `age`, by the clock of the file server.
void remove_old_parts(const std::filesystem::path& final_path, std::chrono::seconds age);

/// A file under construction. It is written at `path()`, a part_path(), and gets the final name only by `commit()`; without it the
/// destructor removes it. Not thread-safe.
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

/// A folder under construction, at a part_path() of its final name. `commit()` gives it its name in place of what was there; without it the
/// destructor removes it. Throws std::filesystem::filesystem_error. Not thread-safe.
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
/// Reads a whole file; throws Error.
std::string read_text_file(const std::filesystem::path& path);

}  // namespace wsi_lpd
