#include "slide_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kBlock = 4096;      // bytes
constexpr std::size_t kPiece = 4ULL << 20;  // bytes between two looks at the wish to stop

[[noreturn]] void fail(const char* doing, const fs::path& path) { throw core::Error(doing + path.string() + ": " + std::strerror(errno)); }

class OpenFile {
 public:
  OpenFile(const char* doing, const fs::path& path, int flags, mode_t mode = 0) : file_(open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (file_ < 0) fail(doing, path);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (file_ >= 0) ::close(file_);
  }
  int get() const { return file_; }
  /// False where what was written can't be kept.
  bool close() { return ::close(std::exchange(file_, -1)) == 0; }

 private:
  int file_;
};

ssize_t read_piece(int file, std::vector<char>& buffer, std::uint64_t most) {
  ssize_t count = 0;
  do count = read(file, buffer.data(), static_cast<std::size_t>(std::min<std::uint64_t>(most, buffer.size())));
  while (count < 0 && errno == EINTR);
  return count;
}

bool write_all(int file, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t count = write(file, bytes, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

SlideCopy::SlideCopy(const std::vector<fs::path>& files) {
  for (const fs::path& path : files) {
    const core::FileIdentity identity(path);
    const std::uint64_t bytes = fs::file_size(path);
    bytes_ += (bytes + kBlock - 1) / kBlock * kBlock;
    files_.push_back({identity, path, bytes});
  }
}

fs::path SlideCopy::copy_to(const fs::path& folder, const std::atomic<bool>& stop) const {
  const fs::path from = files_.front().path.parent_path();
  const auto target = [&](const File& file) { return folder / file.path.lexically_relative(from.empty() ? "." : from); };
  for (const File& file : files_) {
    std::error_code error;
    fs::create_directories(target(file).parent_path(), error);
    if (error) throw core::Error("making " + target(file).parent_path().string() + ": " + error.message());
    copy(file, target(file), stop);
  }
  for (const File& file : files_) file.identity.check();  // the slide is one whole
  return target(files_.front());
}

void SlideCopy::copy(const File& file, const fs::path& to, const std::atomic<bool>& stop) {
  const OpenFile source("reading ", file.path, O_RDONLY);
  OpenFile copy("writing ", to, O_WRONLY | O_CREAT | O_EXCL, S_IRUSR);
  posix_fadvise(source.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  std::vector<char> buffer(static_cast<std::size_t>(std::clamp<std::uint64_t>(file.bytes, 1, kPiece)));
  for (std::uint64_t rest = file.bytes; rest > 0;) {
    if (stop) throw core::Cancelled();
    const ssize_t count = read_piece(source.get(), buffer, rest);
    if (count < 0) fail("reading ", file.path);
    if (count == 0) break;
    if (!write_all(copy.get(), buffer.data(), static_cast<std::size_t>(count))) fail("writing ", to);
    rest -= static_cast<std::uint64_t>(count);
  }
  struct stat status {};
  if (fstat(source.get(), &status) != 0) fail("reading ", file.path);
  const timespec times[2]{status.st_atim, status.st_mtim};
  if (futimens(copy.get(), times) != 0 || !copy.close()) fail("writing ", to);
  file.identity.check();
  if (core::FileIdentity(to).fingerprint() != file.identity.fingerprint())
    throw core::Error(to.string() + ": the copy has another size or time than the file");
}

}  // namespace wsi_lpd::pipeline::archive
