#pragma once
// Private to src/image: a TIFF whose errors are collected, never printed.
#include <tiffio.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>

namespace wsi_lpd::image {

class TiffFile {
 public:
  /// `doing` is "reading PATH" or "writing PATH" and starts every error; `mode` as of TIFFOpen.
  TiffFile(std::string doing, const std::filesystem::path& path, const char* mode);

  TIFF* get() const { return tiff_.get(); }
  /// Is a table of tiles of a directory that was read shorter than its image?
  bool has_short_table() const { return *has_short_table_; }
  /// Throws Error with `why`, or with libtiff's own reason where it gave one.
  [[noreturn]] void fail(const std::string& why) const;
  /// Throws Error with `why`: for what libtiff reads without complaint.
  [[noreturn]] void refuse(const std::string& why) const;
  void check(bool good, const std::string& why) const {
    if (!good) fail(why);
  }
  /// `action` calls libtiff to write and returns whether that went well. Throws Error, with the system's reason where it has one.
  template <class Action>
  void write(Action action) {
    errno = 0;
    if (!action() || !reason_->empty()) fail_with(errno, "libtiff cannot write it");
  }
  /// Flushes and closes; throws as `write` does.
  void close();

 private:
  struct Close {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
  };
  [[noreturn]] void fail_with(int error_number, const std::string& otherwise) const;

  /// libtiff's own, without the name of the file, which doing_ says; empty where it gave none.
  std::string reason() const;

  std::string doing_;
  std::string name_;                                                       ///< of the file, as libtiff says it
  std::unique_ptr<std::string> reason_ = std::make_unique<std::string>();  ///< the first error; a fixed address for libtiff
  std::unique_ptr<bool> has_short_table_ = std::make_unique<bool>(false);
  std::unique_ptr<TIFF, Close> tiff_;
};

}  // namespace wsi_lpd::image
