#pragma once
// Private to pipeline/: tiles of the plan from the slide into the segmenter's memory.
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "wsi_lpd/core/stain_normaliser.hpp"
#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/pipeline/segment/segmenter.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/glass.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::segment {

/// One batch of the plan with what was read for it. Move-only.
struct ReadTiles {
  const core::TileBatch* batch = nullptr;
  std::unique_ptr<TileBuffer> pixels;  ///< RGB [tiles, tile, tile, 3]; the background colour where a tile can't be decoded
  std::vector<bool> readable;          ///< [tiles]
  std::vector<std::uint8_t> glass;     ///< [tiles, tile, tile], 1 where a pixel is glass; empty where glass is not looked for
  std::vector<float> focus;            ///< [tiles] sharpness, NaN where a tile can't be decoded
};

/// Reads strips of neighbouring tiles at once and copies the tiles out of them. Thread-safe once it is set up.
class TileReader {
 public:
  /// Keeps references to `reader`, `plan` and `glass`.
  TileReader(const slide::FrameReader& reader, const core::TilePlan& plan, core::Colour background,
             const std::optional<slide::GlassFinder>& glass)
      : reader_(reader), plan_(plan), background_(background), glass_(glass) {}

  /// From now on tiles come in another stain, if there is one.
  void normalise(std::optional<core::StainNormaliser> stain) { stain_ = std::move(stain); }

  /// The tiles of `batch` into `pixels`, which has room for them.
  ReadTiles read(const core::TileBatch& batch, std::unique_ptr<TileBuffer> pixels) const;
  /// One tile of the plan alone, into bytes() at `pixels`, and its `glass` [tile, tile] where that is given. Returns false where the tile
  /// can't be decoded; it is background then.
  bool read(std::size_t index, std::uint8_t* pixels, core::ImageView<std::uint8_t> glass = {}) const;
  /// Of the RGB pixels of one tile.
  std::size_t bytes() const { return 3 * area(); }

 private:
  std::size_t area() const { return static_cast<std::size_t>(plan_.tile) * static_cast<std::size_t>(plan_.tile); }
  core::ImageView<std::uint8_t> tile_view(std::size_t index, ReadTiles& tiles) const;
  core::ImageView<std::uint8_t> glass_view(std::size_t index, ReadTiles& tiles) const;
  void read_region(const core::Rect& region, core::ImageView<std::uint8_t> pixels, core::ImageView<std::uint8_t> glass) const;
  void read_strip(const core::Strip& strip, ReadTiles& tiles) const;

  const slide::FrameReader& reader_;
  const core::TilePlan& plan_;
  core::Colour background_;
  const std::optional<slide::GlassFinder>& glass_;
  std::optional<core::StainNormaliser> stain_;
};

}  // namespace wsi_lpd::pipeline::segment
