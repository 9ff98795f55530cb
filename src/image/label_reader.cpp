#include "label_reader.hpp"

#include "file_kind.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::image {

std::unique_ptr<LabelReader> LabelReader::open(const std::filesystem::path& path, int level, RgbLabels rgb) {
  switch (kind_of(path)) {
    case FileKind::Png:
      if (level > 0) throw Error("reading " + path.string() + ": a PNG has no levels");
      return open_png_labels(path, rgb);
    case FileKind::Tiff:
      return open_tiff_labels(path, level);
    default:
      throw Error("reading " + path.string() + ": is a JPEG, which does not keep labels; use a PNG or TIFF");
  }
}

}  // namespace wsi_lpd::image
