#include "wsi_lpd/image/label_reader.hpp"

#include "file_kind.hpp"
#include "memory_limit.hpp"
#include "png_label_reader.hpp"
#include "tiff_label_reader.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::image {

std::unique_ptr<LabelReader> LabelReader::open(const std::filesystem::path& path, int level, RgbLabels rgb) {
  switch (kind_of(path)) {
    case FileKind::Png:
      if (level > 0) throw core::Error("reading " + path.string() + ": a PNG has no levels");
      return open_png_labels(path, rgb);
    case FileKind::Tiff:
      return open_tiff_labels(path, level);
    default:
      throw core::Error("reading " + path.string() + ": is a JPEG, which does not keep labels; use a PNG or TIFF");
  }
}

core::Image read_labels(const std::filesystem::path& path) {
  const std::unique_ptr<LabelReader> reader = LabelReader::open(path);
  return core::with_context("reading " + path.string(), [&] { return read_labels(*reader); });
}

core::Image read_labels(LabelReader& reader) {
  const core::Size size = reader.size();
  if (size.height > kMostBytesInMemory / size.width) {
    throw core::Error(std::to_string(size.width) + " x " + std::to_string(size.height) + " labels are too many for one image in memory");
  }
  core::Image labels(size.width, size.height, 1);
  for (std::int64_t y = 0; y < size.height; ++y) reader.next_row(labels.at(0, y));
  return labels;
}

}  // namespace wsi_lpd::image
