#include "openslide_handle.hpp"

#include <charconv>
#include <cmath>
#include <string_view>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::slide {

Handle open_handle(const std::filesystem::path& path) {
  Handle handle(openslide_open(path.c_str()), [](openslide_t* slide) {
    if (slide) openslide_close(slide);
  });
  if (!handle) throw core::Error(path.string() + ": not a slide that OpenSlide or libvips can read");
  if (const char* error = openslide_get_error(handle.get())) {
    const std::string reason = error;
    throw core::Error(path.string() + ": OpenSlide can't open it: " + reason +
                      (reason == "No pyramid levels found"  // of a DICOM series
                           ? "; the file of its series that has the slide's pixels is not beside it: copy all files of the series"
                           : ""));
  }
  return handle;
}

std::optional<std::string> text_property(openslide_t* slide, const char* name) {
  const char* value = openslide_get_property_value(slide, name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::optional<double> number_property(openslide_t* slide, const char* name) {
  const auto text = text_property(slide, name);
  if (!text) return {};
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  return error == std::errc() && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

bool is_openslide_3() { return std::string_view(openslide_get_version()).starts_with("3."); }

std::string openslide_vendor(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return {};  // opening a pipe waits for its writer
  const char* vendor = openslide_detect_vendor(path.c_str());
  return vendor ? vendor : "";
}

}  // namespace wsi_lpd::slide
