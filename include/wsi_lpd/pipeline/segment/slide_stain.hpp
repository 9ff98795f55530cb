#pragma once
#include <optional>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/core/stain_normaliser.hpp"
#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/output/statistics.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::segment {

/// Turns a slide's stain into `target`, whose statistics `method` needs. The slide's own are taken from windows spread over the plan, as
/// the network would see them; parts that can't be decoded are left out. `record` says what was found; where the slide's stain can't be
/// measured, it has the reason, and there is no normaliser, as with None. Throws Cancelled.
std::optional<core::StainNormaliser> stain_normaliser(const slide::FrameReader& reader, const core::TilePlan& plan,
                                                      core::StainMethod method, const core::StainStatistics& target,
                                                      output::StainRecord& record, const core::CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline::segment
