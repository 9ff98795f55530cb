#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "wsi_lpd/core/canvas.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/pipeline/segment/segmenter.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::segment {

/// Dense CRF between the canvas and the receiver of its rows. Tissue pixels get the labels of the CRF, computed from class probabilities
/// (model::network::class_probabilities of the class values, bilinear between cell centres) and the slide's colours. Unreadable pixels and
/// pixels outside the tissue do not change. A cell gets the label of its middle pixel.
///
/// Works through bands of blocks. Each block is inferred together with a margin, on a lattice aligned with that of the whole slide, so that
/// labels hardly depend on the blocks. Holds the rows of one band and its margins, and few blocks at once: memory grows only with the
/// slide's width, as the canvas's does. `next` gets the same rows as without the CRF, but later. Not thread-safe.
class SlideCrf : public core::CanvasSink {
 public:
  /// Labels come from Segmenter::crf_labels(). Keeps references to all arguments but the options. `threads` 0: all cores; the labels are
  /// the same for any number. Blocks run in a oneTBB arena of their own.
  SlideCrf(const slide::FrameReader& reader, const core::Frame& frame, const Segmenter& segmenter, const SlideCrfOptions& options,
           int threads, const core::CancelFlag& cancel, core::CanvasSink& next);

  void grid_row(std::span<const float> values, std::span<const std::uint8_t> labels) override;
  /// Throws Cancelled.
  void label_row(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> tissue) override;

  double seconds() const { return seconds_; }
  /// Number of blocks with pixels that could not be read again; the CRF saw the background colour there.
  std::int64_t blocks_unreadable() const { return blocks_unreadable_; }

 private:
  void infer_band();
  void infer(const core::Rect& block);
  std::vector<float> class_values(const core::Rect& region) const;
  bool has_tissue(const core::Rect& block) const;
  void emit_band(std::int64_t bottom);

  const slide::FrameReader& reader_;
  const core::Frame& frame_;
  const Segmenter& segmenter_;
  std::size_t classes_;
  std::int64_t stride_;
  SlideCrfOptions options_;
  int at_once_;  ///< blocks
  const core::CancelFlag& cancel_;
  core::CanvasSink& next_;
  core::Size grid_;
  std::int64_t first_grid_row_ = 0;                   ///< of those held
  std::int64_t next_grid_row_ = 0;                    ///< to be handed on
  std::deque<std::vector<float>> grid_rows_;          ///< [C, width] each
  std::int64_t band_top_ = 0;                         ///< of label_rows_
  std::deque<std::vector<std::uint8_t>> label_rows_;  ///< kOutside where there is no tissue
  double seconds_ = 0;
  std::atomic<std::int64_t> blocks_unreadable_ = 0;
};

}  // namespace wsi_lpd::pipeline::segment
