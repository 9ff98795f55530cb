#include "tile_reader.hpp"

#include <algorithm>
#include <cmath>

#include "wsi_lpd/slide/focus.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

void copy(core::ImageView<std::uint8_t> from, core::ImageView<std::uint8_t> to) {
  for (std::int64_t y = 0; y < to.height; ++y) std::copy_n(from.row(y), to.stride, to.row(y));
}

}  // namespace

ReadTiles TileReader::read(const core::TileBatch& batch, std::unique_ptr<TileBuffer> pixels) const {
  ReadTiles tiles;
  tiles.batch = &batch;
  tiles.pixels = std::move(pixels);
  tiles.readable.assign(batch.tiles, true);
  if (glass_) tiles.glass.assign(batch.tiles * area(), 0);
  for (std::size_t s = 0; s < batch.strips; ++s) {
    const core::Strip& strip = plan_.strips[batch.first_strip + s];
    try {
      read_strip(strip, tiles);
    } catch (const slide::ReadError&) {
      for (std::size_t i = strip.first; i < strip.first + strip.count; ++i)
        tiles.readable[i - batch.first_tile] = read(i, tile_view(i, tiles).pixels, glass_view(i, tiles));
    }
  }
  tiles.focus.assign(batch.tiles, std::nanf(""));
  tiles.stain_distance.assign(batch.tiles, std::nanf(""));
  for (std::size_t i = 0; i < batch.tiles; ++i) {
    if (!tiles.readable[i]) continue;
    const core::ImageView<const std::uint8_t> rgb = tile_view(batch.first_tile + i, tiles);
    tiles.focus[i] = slide::sharpness(rgb);
    if (!stain_fit_) continue;
    if (const auto stain = core::stain_vector(rgb)) tiles.stain_distance[i] = static_cast<float>(stain_fit_->distance(*stain));
  }
  return tiles;
}

bool TileReader::read(std::size_t index, std::uint8_t* pixels, core::ImageView<std::uint8_t> glass) const {
  const core::Tile& tile = plan_.tiles[index];
  const core::ImageView<std::uint8_t> view{pixels, plan_.tile, plan_.tile, 3, std::int64_t{3} * plan_.tile};
  try {
    read_region({tile.x, tile.y, plan_.tile, plan_.tile}, view, glass);
    return true;
  } catch (const slide::ReadError&) {
    core::fill(view, background_);
    return false;
  }
}

core::ImageView<std::uint8_t> TileReader::tile_view(std::size_t index, ReadTiles& tiles) const {
  return {tiles.pixels->data() + (index - tiles.batch->first_tile) * bytes(), plan_.tile, plan_.tile, 3, std::int64_t{3} * plan_.tile};
}

core::ImageView<std::uint8_t> TileReader::glass_view(std::size_t index, ReadTiles& tiles) const {
  if (!glass_) return {};
  return {tiles.glass.data() + (index - tiles.batch->first_tile) * area(), plan_.tile, plan_.tile, 1, plan_.tile};
}

// Glass is looked for, where `glass` has room for it, in the slide's own colours.
void TileReader::read_region(const core::Rect& region, core::ImageView<std::uint8_t> pixels, core::ImageView<std::uint8_t> glass) const {
  reader_.read(region, pixels);
  if (glass.pixels) glass_->find(pixels, glass);
  if (stain_) stain_->apply(pixels);
}

void TileReader::read_strip(const core::Strip& strip, ReadTiles& tiles) const {
  if (strip.count == 1) return read_region(strip.region, tile_view(strip.first, tiles), glass_view(strip.first, tiles));
  core::Image rgb(strip.region.width, strip.region.height, 3), glass;
  if (glass_) glass = core::Image(strip.region.width, strip.region.height, 1);
  read_region(strip.region, rgb.view(), glass_ ? glass.view() : core::ImageView<std::uint8_t>{});
  for (std::size_t i = strip.first; i < strip.first + strip.count; ++i) {
    const core::Rect part{plan_.tiles[i].x - strip.region.x, 0, plan_.tile, plan_.tile};
    copy(rgb.view().part(part), tile_view(i, tiles));
    if (glass_) copy(glass.view().part(part), glass_view(i, tiles));
  }
}

}  // namespace wsi_lpd::pipeline::segment
