#pragma once
// Private to pipeline/: reads the tiles of the plan from the slide into the segmenter's memory.
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "wsi_lpd/core/stain_fit.hpp"
#include "wsi_lpd/core/stain_normaliser.hpp"
#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/pipeline/segment/segmenter.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/glass.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::segment {

/// One batch of the plan with its pixels. Move-only.
struct ReadTiles {
  const core::TileBatch* batch = nullptr;
  std::unique_ptr<TileBuffer> pixels;  ///< RGB [tiles, tile, tile, 3]; a tile that can't be decoded has the background colour
  std::vector<bool> readable;          ///< [tiles]
  std::vector<std::uint8_t> glass;     ///< [tiles, tile, tile], 1 if a pixel is glass; empty without a GlassFinder
  std::vector<float> focus;            ///< [tiles] sharpness; NaN if a tile can't be decoded
  std::vector<float> stain_distance;   ///< [tiles] StainFit::distance of what the network sees; NaN: no StainFit, not decoded, or glass
};

/// Reads strips of neighbouring tiles at once and copies the tiles from them. Const members are thread-safe.
class TileReader {
 public:
  /// Keeps references to `reader`, `plan` and `glass`.
  TileReader(const slide::FrameReader& reader, const core::TilePlan& plan, core::Colour background,
             const std::optional<slide::GlassFinder>& glass)
      : reader_(reader), plan_(plan), background_(background), glass_(glass) {}

  /// The same reader with the tiles of another plan of the slide, which it keeps a reference to.
  TileReader with(const core::TilePlan& plan) const {
    TileReader other(reader_, plan, background_, glass_);
    other.stain_ = stain_;
    other.stain_fit_ = stain_fit_;
    return other;
  }

  /// Sets the stain normaliser for the tiles read from now on.
  void normalise(std::optional<core::StainNormaliser> stain) { stain_ = std::move(stain); }

  /// Sets how the stains of the training images lie, for ReadTiles::stain_distance of the tiles read from now on.
  void compare_stain(const std::optional<core::StainFit>& fit) { stain_fit_ = fit; }

  /// Reads the tiles of `batch` into `pixels`, which must have room for them.
  ReadTiles read(const core::TileBatch& batch, std::unique_ptr<TileBuffer> pixels) const;
  /// Reads one tile of the plan: bytes() bytes at `pixels` and, if given, its `glass` [tile, tile], which is found in the slide's own
  /// stain. Returns false if the tile can't be decoded; its pixels are then background.
  bool read(std::size_t index, std::uint8_t* pixels, core::ImageView<std::uint8_t> glass = {}) const;
  /// Bytes of the RGB pixels of one tile.
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
  std::optional<core::StainFit> stain_fit_;
};

}  // namespace wsi_lpd::pipeline::segment
