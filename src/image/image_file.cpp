#include "wsi_lpd/image/image_file.hpp"

#include <algorithm>

#include "file_kind.hpp"
#include "memory_limit.hpp"
#include "sample_depth.hpp"
#include "vips.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::image {
core::Image read_rgb(const std::filesystem::path& path) {
  return with_vips("reading", path, [&] {
    vips::VImage image = open_image(path);
    core::with_context("reading " + path.string(), [&] { check_size_in_memory(image, 3); });
    if (image.format() == VIPS_FORMAT_USHORT) image = spread(image, used_bits(largest_colour_sample(open_image(path))));
    image = image.colourspace(VIPS_INTERPRETATION_sRGB);
    if (image.has_alpha()) image = image.flatten(vips::VImage::option()->set("background", std::vector<double>{255, 255, 255}));
    return to_image(image.cast(VIPS_FORMAT_UCHAR).extract_band(0, vips::VImage::option()->set("n", 3)));
  });
}

core::Image read_rgb_within(const std::filesystem::path& path, std::int64_t longest) {
  const FileKind kind = kind_of(path);
  return with_vips("reading", path, [&] {
    vips::VImage image = open_image(path);
    double factor = static_cast<double>(std::max(image.width(), image.height())) / static_cast<double>(longest);
    if (kind == FileKind::Jpeg && factor >= 2) {  // the decoder itself can leave out detail
      const int shrink = factor >= 8 ? 8 : factor >= 4 ? 4 : 2;
      image = vips::VImage::jpegload_source(
          vips::VSource::new_from_file(path.c_str()),
          vips::VImage::option()->set("access", VIPS_ACCESS_SEQUENTIAL)->set("fail_on", VIPS_FAIL_ON_ERROR)->set("shrink", shrink));
      factor = static_cast<double>(std::max(image.width(), image.height())) / static_cast<double>(longest);
    } else if (std::int64_t{image.width()} * image.height() > kMostBytesInMemory / 3) {
      throw core::Error("reading " + path.string() + ": is too large for a picture");
    }
    image = image.colourspace(VIPS_INTERPRETATION_sRGB);
    if (image.has_alpha()) image = image.flatten(vips::VImage::option()->set("background", std::vector<double>{255, 255, 255}));
    image = image.cast(VIPS_FORMAT_UCHAR).extract_band(0, vips::VImage::option()->set("n", 3));
    return to_image(factor > 1 ? image.resize(1 / factor) : image);
  });
}

core::Size read_size(const std::filesystem::path& path) {
  return with_vips("reading", path, [&] {
    const vips::VImage image = open_image(path);
    return core::Size{image.width(), image.height()};
  });
}

std::vector<std::uint8_t> encode_png(const core::Image& image) {
  return with_vips("encoding", "a PNG", [&] {
    VipsBlob* blob = borrow(image).pngsave_buffer();
    std::size_t size = 0;
    const auto* bytes = static_cast<const std::uint8_t*>(vips_blob_get(blob, &size));
    std::vector<std::uint8_t> result(bytes, bytes + size);
    vips_area_unref(VIPS_AREA(blob));
    return result;
  });
}

void write_png(const std::filesystem::path& path, const core::Image& image, core::Durable durable) {
  core::PartFile part(path, durable);
  with_vips("writing", path, [&] { borrow(image).pngsave(part.path().c_str()); });
  part.commit();
}

void write_jpeg(const std::filesystem::path& path, const core::Image& image, int quality, core::Durable durable) {
  core::PartFile part(path, durable);
  with_vips("writing", path, [&] { borrow(image).jpegsave(part.path().c_str(), vips::VImage::option()->set("Q", quality)); });
  part.commit();
}

}  // namespace wsi_lpd::image
