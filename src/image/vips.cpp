#include "vips.hpp"

#include <cmath>

#include "file_kind.hpp"
#include "memory_limit.hpp"

namespace wsi_lpd::image {

std::string reason_of(const vips::VError& error) {
  vips_error_clear();
  const std::string text = error.what();
  const std::string system = "unix error: ";
  const std::size_t at = text.find(system);
  const std::size_t start = at == std::string::npos ? 0 : at + system.size();
  return start == text.size() ? "libvips gives no reason" : text.substr(start, text.find('\n', start) - start);
}

void check_size_in_memory(const vips::VImage& image, int channels) {
  if (std::int64_t{image.width()} * image.height() > kMostBytesInMemory / channels) {
    throw core::Error(std::to_string(image.width()) + " x " + std::to_string(image.height()) +
                      " pixels are too many for one image in memory");
  }
}

vips::VImage open_image(const std::filesystem::path& path) {
  const FileKind kind = kind_of(path);
  const vips::VSource source = vips::VSource::new_from_file(path.c_str());
  vips::VOption* options = vips::VImage::option()->set("access", VIPS_ACCESS_SEQUENTIAL)->set("fail_on", VIPS_FAIL_ON_ERROR);
  switch (kind) {
    case FileKind::Png:
      return vips::VImage::pngload_source(source, options);
    case FileKind::Jpeg:
      return vips::VImage::jpegload_source(source, options);
    default:
      return vips::VImage::tiffload_source(source, options);
  }
}

std::uint32_t largest_colour_sample(const vips::VImage& image) {
  const int colours = image.bands() < 3 ? 1 : 3;
  return static_cast<std::uint32_t>(image.extract_band(0, vips::VImage::option()->set("n", colours)).max());
}

vips::VImage spread(const vips::VImage& image, int bits) {
  return bits == 16 ? image : image.linear(std::pow(2, 16 - bits), 0).cast(VIPS_FORMAT_USHORT);
}

}  // namespace wsi_lpd::image
