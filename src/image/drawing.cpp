#include "wsi_lpd/image/drawing.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "vips.hpp"

namespace wsi_lpd::image {

core::Size draw_text(core::Image& target, std::int64_t x, std::int64_t y, const std::string& text, core::Colour colour, int pixel_height) {
  if (text.empty()) return {};
  // Pango takes UTF-8 markup: what could be a tag becomes a character. At 72 dpi a point is a pixel.
  using Text = std::unique_ptr<gchar, void (*)(gpointer)>;
  const Text valid(g_utf8_make_valid(text.c_str(), -1), g_free);
  const Text plain(g_markup_escape_text(valid.get(), -1), g_free);
  const core::Image ink = with_vips("drawing", "text", [&] {
    return to_image(vips::VImage::text(
        plain.get(), vips::VImage::option()->set("font", ("DejaVu Sans " + std::to_string(pixel_height)).c_str())->set("dpi", 72)));
  });
  const core::Rect visible = core::intersection({x, y, ink.width(), ink.height()}, {0, 0, target.width(), target.height()});
  const std::uint8_t parts[] = {colour.red, colour.green, colour.blue};
  for (std::int64_t row = visible.y; row < visible.bottom(); ++row) {
    for (std::int64_t column = visible.x; column < visible.right(); ++column) {
      const int share = *ink.at(column - x, row - y);
      std::uint8_t* pixel = target.at(column, row);
      for (int c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>((pixel[c] * (255 - share) + parts[c] * share + 127) / 255);
    }
  }
  return {ink.width(), ink.height()};
}

void fill_rect(core::Image& target, const core::Rect& rect, core::Colour colour) {
  const core::Rect visible = core::intersection(rect, {0, 0, target.width(), target.height()});
  for (std::int64_t y = visible.y; y < visible.bottom(); ++y) {
    for (std::int64_t x = visible.x; x < visible.right(); ++x) {
      std::uint8_t* pixel = target.at(x, y);
      pixel[0] = colour.red, pixel[1] = colour.green, pixel[2] = colour.blue;
    }
  }
}

core::Image resize(const core::Image& source, core::Size size, Kernel kernel) {
  const double across = static_cast<double>(size.width) / static_cast<double>(source.width());
  const double down = static_cast<double>(size.height) / static_cast<double>(source.height());
  return with_vips("resizing", "an image", [&] {
    vips::VImage image = borrow(source);
    if (across < 1 || down < 1) {
      image = image.resize(std::min(across, 1.0), vips::VImage::option()
                                                      ->set("vscale", std::min(down, 1.0))
                                                      ->set("kernel", kernel == Kernel::Cubic ? VIPS_KERNEL_CUBIC : VIPS_KERNEL_LINEAR));
    }
    if (across > 1 || down > 1) {  // resize() would shift it by nearly half a pixel
      const double x = std::max(across, 1.0), y = std::max(down, 1.0);
      image = image.affine({x, 0, 0, y},
                           vips::VImage::option()
                               ->set("interpolate", vips::VInterpolate::new_from_name(kernel == Kernel::Cubic ? "bicubic" : "bilinear"))
                               ->set("oarea", std::vector<int>{0, 0, static_cast<int>(size.width), static_cast<int>(size.height)})
                               ->set("odx", (x - 1) / 2)
                               ->set("ody", (y - 1) / 2)
                               ->set("extend", VIPS_EXTEND_COPY));
    }
    return to_image(image);
  });
}

}  // namespace wsi_lpd::image
