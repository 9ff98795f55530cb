#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "prototype_gallery.hpp"
#include "tile_sink.hpp"
#include "wsi_lpd/core/canvas.hpp"
#include "wsi_lpd/image/raster_writer.hpp"
#include "wsi_lpd/output/raster_figures.hpp"
#include "wsi_lpd/output/result_file.hpp"
#include "wsi_lpd/output/statistics.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"

namespace wsi_lpd::pipeline::segment {

/// Writes the result files of one slide from the rows of the canvas and the values of the tiles. Not thread-safe.
class SlideResults : public core::CanvasSink {
 public:
  /// Files are written to `stem` plus their suffixes; `stem` should be that of a StagedResult. `parts` are values of Part on the thumbnail.
  /// `provenance` is stored in the HDF5 file. Keeps references to `plan` and `options`.
  SlideResults(const std::filesystem::path& slide, const std::filesystem::path& stem, const core::TilePlan& plan,
               const Segmenter::Shape& shape, const SegmentOptions& options, const core::Image& thumbnail, const core::Image& parts,
               std::map<std::string, std::string> provenance);

  void grid_row(std::span<const float> values, std::span<const std::uint8_t> labels) override;
  void label_row(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> tissue) override;
  /// Adds a tile. `glass` is the share of its pixels that are glass.
  void add_tile(const SeenTile& seen, double glass);
  /// Sets the figures of the raster, of the tiles' focus and of their distances to the training images in `statistics`. Must be called
  /// once, after all tiles and rows.
  void describe(output::SlideStatistics& statistics);
  /// Completes all files except that of the statistics. The pictures show classes and shares from `statistics`. Pictures of tiles, if
  /// wanted, are read again from `reader`.
  void finish(const slide::FrameReader& reader, const output::SlideStatistics& statistics);

 private:
  void emit_map_row();

  std::filesystem::path stem_;
  const core::TilePlan& plan_;
  const SegmentOptions& options_;
  core::Image overlay_source_;
  core::Image overlay_labels_;
  core::Image parts_;  // values of Part, updated with the glass found in the tissue
  std::int64_t tissue_pixels_ = 0, unreadable_pixels_ = 0;
  int map_factor_;  // grid cells per map cell
  std::int64_t grid_width_, grid_rows_seen_ = 0, label_rows_seen_ = 0;
  std::vector<float> map_sums_;           // [C, w]
  std::vector<std::uint8_t> map_labels_;  // [w]
  int map_rows_summed_ = 0;
  std::vector<float> focus_;  // of the tiles
  output::FitRecord fit_;
  output::ResultFile file_;
  image::RasterWriter raster_;
  std::optional<image::RasterWriter> probabilities_;
  std::optional<PrototypeGallery> gallery_;
  output::RasterFigures figures_;
};

}  // namespace wsi_lpd::pipeline::segment
