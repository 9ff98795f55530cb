#include "tiff_file.hpp"

#include <cstdio>
#include <cstring>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::image {
namespace {

int keep_first(TIFF*, void* user_data, const char*, const char* format, va_list arguments) {
  auto& reason = *static_cast<std::string*>(user_data);
  char text[512];
  std::vsnprintf(text, sizeof text, format, arguments);
  if (reason.empty()) reason = text;
  return 1;  // nobody else hears of it
}

/// Warnings are many and harmless, but for one: libtiff fills up a table of tiles that is shorter than the image with zeros, which then
/// look like tiles that were never written.
int note_short_table(TIFF*, void* user_data, const char*, const char* format, va_list arguments) {
  char text[512];
  std::vsnprintf(text, sizeof text, format, arguments);
  const std::string_view warning = text;
  if (warning.find("Incorrect count") != std::string_view::npos && warning.find("Tile") != std::string_view::npos)
    *static_cast<bool*>(user_data) = true;
  return 1;
}

}  // namespace

TiffFile::TiffFile(std::string doing, const std::filesystem::path& path, const char* mode)
    : doing_(std::move(doing)), name_(path.string()) {
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_first, reason_.get());
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), note_short_table, has_short_table_.get());
  errno = 0;
  tiff_.reset(TIFFOpenExt(path.c_str(), mode, options.get()));
  if (tiff_) return;
  if ((errno == 0 || errno == EINVAL) && mode[0] == 'r')  // EINVAL: it points to before its own start
    refuse("is damaged or was cut short" + (reason().empty() ? "" : " (" + reason() + ")") + "; get a new copy of it");
  fail_with(errno, "is not a TIFF");
}

std::string TiffFile::reason() const { return reason_->starts_with(name_ + ": ") ? reason_->substr(name_.size() + 2) : *reason_; }

void TiffFile::fail(const std::string& why) const { throw core::Error(doing_ + ": " + (reason().empty() ? why : reason())); }

void TiffFile::refuse(const std::string& why) const { throw core::Error(doing_ + ": " + why); }

void TiffFile::fail_with(int error_number, const std::string& otherwise) const {
  if (error_number != 0) throw core::Error(doing_ + ": " + std::strerror(error_number));
  fail(otherwise);
}

void TiffFile::close() {
  write([&] {
    tiff_.reset();
    return true;
  });
}

}  // namespace wsi_lpd::image
