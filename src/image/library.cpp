#include "wsi_lpd/image/library.hpp"

#include <tiffio.h>

#include <mutex>
#include <vips/vips8>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::image {

void initialise() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (vips_init("wsi-lpd") != 0) throw core::Error("starting libvips: " + std::string(vips_error_buffer()));
    vips_concurrency_set(1);
    vips_cache_set_max(0);         // a cached operation would keep its pixels alive
    TIFFSetErrorHandler(nullptr);  // for OpenSlide's use of libtiff, too
    TIFFSetWarningHandler(nullptr);
    // Engine code never prints: what matters reaches the caller as an Error.
    const auto level = static_cast<GLogLevelFlags>(G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION);
    g_log_set_handler(
        "VIPS", level, [](const gchar*, GLogLevelFlags, const gchar*, gpointer) {}, nullptr);
  });
}

std::string library_version() { return "libvips " + std::string(vips_version_string()); }

std::vector<std::pair<std::string, bool>> codecs() {
  initialise();
  const auto has = [](const char* operation) { return vips_type_find("VipsOperation", operation) != 0; };
  return {{"PNG", has("pngload")}, {"JPEG", has("jpegload")}, {"TIFF", has("tiffload") && has("tiffsave")}};
}

}  // namespace wsi_lpd::image
