#pragma once
// Private to pipeline/: the first two steps of segmenting a slide. Neither tells an observer anything: what the user should know of comes
// back as `warnings`.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/core/tissue_mask.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/glass.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::segment {

/// A slide that can be read, and the frame of its result. Move-only.
struct OpenedSlide {
  std::string fingerprint;  ///< FileIdentity's, from before the file was opened
  std::unique_ptr<slide::Reader> reader;
  core::Frame frame;
  slide::FrameReader tiles;  ///< reads in `frame`
  std::vector<std::string> warnings;
};

/// `model_mpp`: µm/px that the model works at, 0 if unknown. `force_mpp` as in SegmentOptions. Throws Error: what slide::open() says, a
/// slide without µm/px for a model that needs one, one that is much too coarse.
OpenedSlide open_slide(const SlideJob& job, double model_mpp, bool force_mpp);

/// What is taken of a slide, and in which tiles.
struct SlidePlan {
  core::Image thumbnail;                    ///< RGB, of the slide's bounds
  std::optional<slide::GlassFinder> glass;  ///< with tissue "auto", where the slide shows what its glass looks like
  core::TissueMask tissue;
  core::Image parts;     ///< values of Part on the thumbnail's pixels
  core::TilePlan tiles;  ///< without tissue it has none
  double seconds = 0;    ///< to find the tissue
  std::vector<std::string> warnings;
};

/// Throws Error as select_tissue() does.
SlidePlan plan_slide(const OpenedSlide& slide, const SegmentOptions& options);

}  // namespace wsi_lpd::pipeline::segment
