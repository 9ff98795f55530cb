#include "wsi_lpd/core/file_identity.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file_names.hpp"

namespace wsi_lpd::core {

FileIdentity::FileIdentity(std::filesystem::path path) : path_(std::move(path)), state_(state_of(path_)) {}

FileIdentity::State FileIdentity::state_of(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    const std::string reason = std::strerror(errno);
    std::error_code ignored;
    const bool is_link = std::filesystem::is_symlink(std::filesystem::symlink_status(path, ignored));
    throw Error(path.string() + ": " + (is_link ? text_of_missing_target(path) : reason));
  }
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

void FileIdentity::check() const {
  if (state_of(path_) != state_) throw Error(path_.string() + ": the file has been replaced or changed since it was opened");
}

std::string FileIdentity::fingerprint() const {
  return std::to_string(state_.size) + " " + std::to_string(state_.seconds) + "." + std::to_string(state_.nanoseconds);
}

std::string FileIdentity::place() const { return std::to_string(state_.device) + " " + std::to_string(state_.inode); }

}  // namespace wsi_lpd::core
