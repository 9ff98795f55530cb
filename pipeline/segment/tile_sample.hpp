#pragma once
// Private to pipeline/: what a segmenter learns from a sample of a slide's tiles before it sees them all.
#include <vector>

#include "slide_plan.hpp"
#include "tile_reader.hpp"
#include "wsi_lpd/pipeline/segment/segmenter.hpp"

namespace wsi_lpd::pipeline::segment {

/// Segmenter::choose_precision with a few tiles, spread over the plan. Throws Error.
Precision choose_precision(const core::TilePlan& plan, const TileReader& tiles, Segmenter& segmenter);

/// Segmenter::adapt_presence with at most 48 readable tiles that are tissue as a whole, spread over the plan, or any if there are few of
/// these. Throws Error.
std::vector<float> adapt_presence(const SlidePlan& plan, const TileReader& tiles, Segmenter& segmenter);

}  // namespace wsi_lpd::pipeline::segment
