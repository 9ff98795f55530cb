#include "wsi_lpd/core/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd {

PartFile::PartFile(std::filesystem::path final_path, Durable durable) : final_(std::move(final_path)), part_(final_), durable_(durable) {
  part_ += ".part";
}

PartFile::PartFile(PartFile&& other) noexcept : final_(std::move(other.final_)), part_(std::move(other.part_)), durable_(other.durable_) {
  other.part_.clear();
}

PartFile::~PartFile() {
  std::error_code ignored;
  if (!part_.empty()) std::filesystem::remove(part_, ignored);
}

void PartFile::commit() {
  if (durable_ == Durable::Yes) {
    const int descriptor = open(part_.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && fsync(descriptor) == 0;
    const int reason = errno;
    if (descriptor >= 0) close(descriptor);
    if (!synced) throw Error("writing " + final_.string() + ": " + std::strerror(reason));
  }
  if (std::rename(part_.c_str(), final_.c_str()) != 0) throw Error("writing " + final_.string() + ": " + std::strerror(errno));
  part_.clear();
}

PartFolder::PartFolder(std::filesystem::path final_path) : final_(std::move(final_path)), part_(final_) {
  part_ += ".part";
  std::filesystem::remove_all(part_);
  std::filesystem::create_directories(part_);
}

PartFolder::~PartFolder() {
  std::error_code ignored;
  if (!part_.empty()) std::filesystem::remove_all(part_, ignored);
}

void PartFolder::commit() {
  std::filesystem::remove_all(final_);
  std::filesystem::rename(part_, final_);
  part_.clear();
}

void write_text_file(const std::filesystem::path& path, const std::string& text, Durable durable) {
  PartFile part(path, durable);
  errno = 0;
  std::ofstream stream(part.path(), std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) throw Error("writing " + path.string() + ": " + std::strerror(errno));
  part.commit();
}

std::string read_text_file(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream || stream.bad()) throw Error("reading " + path.string() + ": " + std::strerror(errno ? errno : EIO));
  return text;
}

}  // namespace wsi_lpd
