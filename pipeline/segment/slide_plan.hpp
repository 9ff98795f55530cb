#pragma once
// Private to pipeline/: the first two steps of segmenting a slide. They do not call an observer; messages for the user are returned as
// `warnings`.
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

/// An opened slide, and the frame of its result. Move-only.
struct OpenedSlide {
  std::string fingerprint;  ///< of FileIdentity, taken before the file was opened
  std::string sample;       ///< digest::sha256_of_sample()
  std::unique_ptr<slide::Reader> reader;
  core::Frame frame;
  slide::FrameReader tiles;  ///< reads pixels of `frame`
  std::vector<std::string> warnings;
  std::string why_in_place{};  ///< why the slide itself is read although the job names a copy; no fact of the result
};

/// Opens a slide, or its copy. `model_mpp`: µm/px of the model, 0 if unknown. `force_mpp` as in SegmentOptions. Throws Error: as
/// slide::open(), no µm/px for a model that needs it, a slide that is much too coarse.
OpenedSlide open_slide(const SlideJob& job, double model_mpp, bool force_mpp);

/// The tissue of a slide, and the tiles that cover it.
struct SlidePlan {
  core::Image thumbnail;                    ///< RGB, of the slide's bounds
  std::optional<slide::GlassFinder> glass;  ///< set with tissue "auto" if the slide shows enough glass
  core::TissueMask tissue;
  core::Image parts;     ///< values of Part on the thumbnail's pixels
  core::TilePlan tiles;  ///< no tiles without tissue
  double seconds = 0;    ///< time to find the tissue
  std::vector<std::string> warnings;
};

/// Finds the tissue and plans the tiles. Throws Error as select_tissue() does.
SlidePlan plan_slide(const OpenedSlide& slide, const SegmentOptions& options);

}  // namespace wsi_lpd::pipeline::segment
