#pragma once
// Private to pipeline/: what a slide has of each prototype.
#include <span>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::segment {

/// Remembers the tiles of a slide that each prototype answers to most, and shows them in the end. Memory does not grow with the slide.
class PrototypeGallery {
 public:
  /// Keeps a reference to `plan`.
  PrototypeGallery(const core::TilePlan& plan, const core::ClassScheme& classes, int prototypes_per_class);

  /// Peak activations [C·k] of a tile, and the share of its pixels that are glass: tiles with more than a quarter of it are passed over.
  void add(const core::Tile& tile, std::span<const float> peaks, double glass);
  /// A row for each prototype with its strongest tiles that do not overlap, from left to right, as the slide has them. Tiles that cannot be
  /// read again are left blank.
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
