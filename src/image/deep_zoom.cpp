#include "wsi_lpd/image/deep_zoom.hpp"

#include <exception>

#include "vips.hpp"

namespace wsi_lpd::image {
namespace {

/// What a libvips image that we compute calls back with.
struct Source {
  const RegionReader& read;
  std::exception_ptr error;  ///< exceptions may not pass through libvips
};

int generate(VipsRegion* region, void*, void* client, void*, gboolean*) {
  auto& source = *static_cast<Source*>(client);
  const VipsRect& rect = region->valid;
  try {
    const std::int64_t stride = VIPS_REGION_LSKIP(region);
    auto* pixels = reinterpret_cast<std::uint8_t*>(VIPS_REGION_ADDR(region, rect.left, rect.top));
    source.read({rect.left, rect.top, rect.width, rect.height}, {pixels, rect.width, rect.height, 3, stride});
    return 0;
  } catch (...) {
    if (!source.error) source.error = std::current_exception();
    vips_error("wsi-lpd", "the picture cannot be read");
    return -1;
  }
}

vips::VImage computed_image(core::Size size, Source& source) {
  vips::VImage image(vips_image_new());
  vips_image_init_fields(image.get_image(), static_cast<int>(size.width), static_cast<int>(size.height), 3, VIPS_FORMAT_UCHAR,
                         VIPS_CODING_NONE, VIPS_INTERPRETATION_sRGB, 1, 1);
  if (vips_image_pipelinev(image.get_image(), VIPS_DEMAND_STYLE_ANY, nullptr) != 0 ||
      vips_image_generate(image.get_image(), nullptr, generate, nullptr, &source, nullptr) != 0) {
    throw vips::VError();
  }
  return image;
}

}  // namespace

void write_deep_zoom(const std::filesystem::path& folder, core::Size size, const RegionReader& read, const DeepZoomOptions& options) {
  if (size.width < 1 || size.height < 1 || std::max(size.width, size.height) > VIPS_MAX_COORD)
    throw core::Error("writing " + folder.string() + ": a picture cannot have this size");
  Source source{read, nullptr};
  // dzsave writes BASE.dzi and BASE_files/.
  const std::filesystem::path base = folder.parent_path() / "pyramid";
  try {
    with_vips("writing", folder, [&] {
      // Rows of tiles are read once, tile by tile, whatever pieces the pyramid is made in.
      const vips::VImage rows = computed_image(size, source)
                                    .tilecache(vips::VImage::option()
                                                   ->set("tile_width", options.tile)
                                                   ->set("tile_height", options.tile)
                                                   ->set("max_tiles", static_cast<int>(2 * (size.width / options.tile + 1)))
                                                   ->set("access", VIPS_ACCESS_SEQUENTIAL));
      rows.dzsave(base.c_str(), vips::VImage::option()
                                    ->set("layout", VIPS_FOREIGN_DZ_LAYOUT_DZ)
                                    ->set("depth", VIPS_FOREIGN_DZ_DEPTH_ONETILE)
                                    ->set("tile_size", options.tile)
                                    ->set("overlap", 0)
                                    ->set("suffix", (".jpg[Q=" + std::to_string(options.jpeg_quality) + ",strip]").c_str()));
    });
  } catch (const core::Error&) {
    if (source.error) std::rethrow_exception(source.error);
    throw;
  }
  std::filesystem::remove(std::filesystem::path(base) += ".dzi");
  std::filesystem::rename(std::filesystem::path(base) += "_files", folder);
}

}  // namespace wsi_lpd::image
