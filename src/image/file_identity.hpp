#pragma once
// Private to src/image.
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::image {

/// Tells whether a path still names the file that it did, unchanged.
class FileIdentity {
 public:
  explicit FileIdentity(std::filesystem::path path) : path_(std::move(path)), at_first_(now()) {}
  /// Throws Error when it does not.
  void check() const {
    const struct stat status = now();
    const bool same = status.st_dev == at_first_.st_dev && status.st_ino == at_first_.st_ino && status.st_size == at_first_.st_size &&
                      status.st_mtim.tv_sec == at_first_.st_mtim.tv_sec && status.st_mtim.tv_nsec == at_first_.st_mtim.tv_nsec;
    if (!same) throw Error(path_.string() + ": the file has been replaced or changed since it was opened");
  }

 private:
  struct stat now() const {
    struct stat status {};
    if (stat(path_.c_str(), &status) != 0) throw Error(path_.string() + ": " + std::strerror(errno));
    return status;
  }
  std::filesystem::path path_;
  struct stat at_first_;
};

}  // namespace wsi_lpd::image
