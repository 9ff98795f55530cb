#include "wsi_lpd/output/label_tiles.hpp"

#include <glib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/label_reader.hpp"

namespace wsi_lpd::output {
namespace {

/// Not through a PartFile: a slide's tiles appear as one folder, when all are there.
void write_tile(const std::filesystem::path& path, const core::Image& labels) {
  const std::vector<std::uint8_t> png = image::encode_png(labels);
  const std::unique_ptr<gchar, void (*)(gpointer)> text(g_base64_encode(png.data(), png.size()), g_free);
  errno = 0;
  std::ofstream stream(path, std::ios::binary);
  stream << "wsiLabelTile(\"" << text.get() << "\")\n";
  stream.close();
  if (!stream) throw core::Error("writing " + path.string() + ": " + std::strerror(errno));
}

}  // namespace

LabelLevel write_label_tiles(const std::filesystem::path& raster, int level, int side, const std::filesystem::path& folder) {
  const std::unique_ptr<image::LabelReader> reader = image::LabelReader::open(raster, level);
  LabelLevel result{reader->size(), {}};
  std::filesystem::create_directories(folder);
  const core::Size size = reader->size();
  for (std::int64_t y = 0; y < size.height; y += side) {
    core::Image band(size.width, std::min<std::int64_t>(side, size.height - y), 1);
    for (std::int64_t row = 0; row < band.height(); ++row) reader->next_row(band.at(0, row));
    for (std::int64_t x = 0; x < size.width; x += side) {
      core::Image tile(std::min<std::int64_t>(side, size.width - x), band.height(), 1);
      for (std::int64_t row = 0; row < tile.height(); ++row) std::copy_n(band.at(x, row), tile.width(), tile.at(0, row));
      const bool has_label =
          std::any_of(tile.data(), tile.data() + tile.bytes(), [](std::uint8_t value) { return value != core::kNotTissue; });
      result.has_label += has_label ? '1' : '0';
      if (!has_label) continue;
      write_tile(folder / (std::to_string(x / side) + "_" + std::to_string(y / side) + ".js"), tile);
    }
  }
  return result;
}

}  // namespace wsi_lpd::output
