// TIFF: what the directories say of a slide can be, its levels get smaller, and what can be read of a tiled one is read. Pixels of TIFF in
// strips are libvips' to decode, and are left out.
#include "fuzz.hpp"
#include "tiff_pyramid.hpp"
#include "tiff_slide.hpp"
#include "vips.hpp"
#include "wsi_lpd/image/pyramid_file.hpp"

using namespace wsi_lpd;

namespace {

void check_slide(const image::TiffSlide& slide) {
  fuzz::check(!slide.levels.empty(), "a slide without a level");
  for (std::size_t i = 0; i < slide.levels.size(); ++i) {
    const image::TiffPage& page = slide.levels[i];
    fuzz::check(page.size.width > 0 && page.size.height > 0, "a level without a size");
    fuzz::check(page.tiled == slide.levels[0].tiled, "levels in tiles and in strips");
    fuzz::check(page.unwritten <= page.parts, "more unwritten tiles than tiles");
    for (const auto& mpp : {page.mpp_x, page.mpp_y}) fuzz::check(!mpp || *mpp > 0, "micrometres that cannot be");
    if (i == 0) continue;
    const core::Size& above = slide.levels[i - 1].size;
    fuzz::check(page.size.width <= above.width && page.size.height <= above.height && page.size != above, "a level that is not smaller");
  }
  for (const std::string& line : {slide.note, slide.rivals}) {
    if (!line.empty()) fuzz::check_line(line);
  }
}

void read_corners(const image::PyramidFile& file) {
  const auto& levels = file.info().levels;
  for (std::size_t level = 0; level < std::min<std::size_t>(levels.size(), 4); ++level) {
    const core::Size size = levels[level], part{std::min<std::int64_t>(size.width, 40), std::min<std::int64_t>(size.height, 40)};
    core::Image pixels(part.width, part.height, 3);
    for (const bool last : {false, true}) {
      const core::Rect region{last ? size.width - part.width : 0, last ? size.height - part.height : 0, part.width, part.height};
      fuzz::accepts([&] { file.read(static_cast<int>(level), region, pixels.view()); });
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::filesystem::path path = fuzz::file_of(bytes, size, "slide.tif");
  const auto kind = image::image_kind(path);
  if (!kind || kind->format != image::ImageKind::Format::Tiff) return 0;
  const bool found = fuzz::accepts([&] {
    const image::TiffFile file("reading " + path.string(), path, "rm");
    check_slide(image::find_slide(file));
  });
  fuzz::check(found != kind->is_damaged, "a damaged file that can be read, or a sound one that cannot");
  if (!found) return 0;
  fuzz::accepts([&] {
    const auto file = image::with_vips("reading", path, [&] { return image::open_tiled_tiff(path); });
    if (!file) return;
    fuzz::check(!file->info().levels.empty(), "a pyramid without a level");
    if (!file->info().note.empty()) fuzz::check_line(file->info().note);
    read_corners(*file);
  });
  return 0;
}
