#pragma once
// Private to pipeline/: the tiles of a slide with the strongest responses to each prototype.
#include <span>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::segment {

/// Collects the tiles of a slide with the strongest response to each prototype, and draws them. Memory does not grow with the slide. Not
/// thread-safe.
class PrototypeGallery {
 public:
  /// Keeps a reference to `plan`.
  PrototypeGallery(const core::TilePlan& plan, const core::ClassScheme& classes, int prototypes_per_class);

  /// Adds a tile: its peak activations [C·k], and the share of its pixels that are glass. Tiles with more than a quarter of glass are
  /// ignored.
  void add(const core::Tile& tile, std::span<const float> peaks, double glass);
  /// Draws a row for each prototype: its strongest tiles that do not overlap, strongest first, in the slide's own colours. Tiles that can't
  /// be read again stay blank.
  core::Image draw(const slide::FrameReader& reader) const;

 private:
  struct Response {
    float value;
    core::Tile tile;
  };
  std::vector<Response> apart(const std::vector<Response>& responses) const;

  const core::TilePlan& plan_;
  core::ClassScheme classes_;
  std::size_t prototypes_per_class_;
  std::vector<std::vector<Response>> strongest_;  ///< [C·k], strongest first
};

}  // namespace wsi_lpd::pipeline::segment
