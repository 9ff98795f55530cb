#pragma once
// Private to src/image: what reading and writing through libpng share.
#include <png.h>

#include <cerrno>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::image {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// An open PNG. libpng reports errors by longjmp: only `call` may call it, with an action that owns nothing with a destructor.
struct PngFile {
  PngFile(std::string doing_what, const std::filesystem::path& path, const char* mode)
      : doing(std::move(doing_what)), file(std::fopen(path.c_str(), mode)) {
    if (!file) fail(std::strerror(errno));
  }

  static void on_error(png_structp png, png_const_charp reason) {
    auto& self = *static_cast<PngFile*>(png_get_error_ptr(png));
    if (errno != 0) {
      std::snprintf(self.reason, sizeof self.reason, "%s", std::strerror(errno));
    } else {
      std::snprintf(self.reason, sizeof self.reason, "the PNG is damaged or cut off (%s)", reason);
    }
    png_longjmp(png, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}

  [[noreturn]] void fail(const std::string& why) const { throw core::Error(doing + ": " + why); }

  template <class Action>
  void call(Action action) {
    errno = 0;
    if (setjmp(png_jmpbuf(png)) != 0) fail(reason);
    action();
  }

  std::string doing;  ///< "reading PATH"
  File file;
  png_structp png = nullptr;
  png_infop info = nullptr;
  char reason[256] = {};
};

}  // namespace wsi_lpd::image
