#include "wsi_lpd/image/pyramid_file.hpp"

#include <fstream>

#include "file_kind.hpp"
#include "flat_image.hpp"
#include "ome_xml.hpp"
#include "tiff_pyramid.hpp"
#include "tiff_slide.hpp"
#include "vips.hpp"

namespace wsi_lpd::image {
namespace {

bool starts_as_vips(const std::filesystem::path& path) {
  std::string start(4, '\0');
  std::ifstream(path, std::ios::binary).read(start.data(), 4);
  return start == "\xb6\xa6\xf2\x08" || start == "\x08\xf2\xa6\xb6";
}

ImageKind::Format format_of(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored) && starts_as_vips(path)) return ImageKind::Format::Vips;
  switch (kind_of(path)) {
    case FileKind::Png:
      return ImageKind::Format::Png;
    case FileKind::Jpeg:
      return ImageKind::Format::Jpeg;
    default:
      return ImageKind::Format::Tiff;
  }
}

void describe_tiff_kind(const std::filesystem::path& path, ImageKind& kind) {
  try {
    const TiffSlide slide = find_slide(TiffFile("reading " + path.string(), path, "rm"));
    const TiffPage& page = slide.levels.front();
    kind.colour = page.colour();
    kind.is_aperio = page.tiled && slide.description.starts_with("Aperio");
    kind.only_here = !page.subifds.empty() || slide.description.find(kOmeNamespace) != std::string::npos || !slide.note.empty() ||
                     !slide.rivals.empty() || slide.is_sparse || page.orientation != ORIENTATION_TOPLEFT || page.bits != 8 ||
                     page.sample_format != SAMPLEFORMAT_UINT;
  } catch (const core::Error&) {
    kind.is_damaged = true;
  }
}

}  // namespace

std::optional<ImageKind::Format> image_format(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return {};
  try {
    return with_vips("reading", path, [&] { return format_of(path); });
  } catch (const core::Error&) {
    return {};
  }
}

std::optional<ImageKind> image_kind(const std::filesystem::path& path) {
  const std::optional<ImageKind::Format> format = image_format(path);
  if (!format) return {};
  ImageKind kind{.format = *format};
  if (kind.format == ImageKind::Format::Tiff) describe_tiff_kind(path, kind);
  return kind;
}

std::unique_ptr<PyramidFile> PyramidFile::open(const std::filesystem::path& path) {
  return with_vips("reading", path, [&] {
    const ImageKind::Format format = format_of(path);
    if (format == ImageKind::Format::Vips) return open_vips(path);
    if (format == ImageKind::Format::Tiff) {
      if (std::unique_ptr<PyramidFile> tiled = open_tiled_tiff(path)) return tiled;
    }
    return open_decoded(path, format);
  });
}

}  // namespace wsi_lpd::image
