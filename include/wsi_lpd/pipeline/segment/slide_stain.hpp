#pragma once
#include <optional>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/core/stain_normaliser.hpp"
#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/output/statistics.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::segment {

/// Makes the normaliser from the slide's stain to `target`, which must hold the statistics that `method` needs. The slide's statistics are
/// measured at the model's µm/px, in windows spread over the tiles of `plan`; windows that can't be decoded are left out. `record` receives
/// the statistics. If the slide's stain can't be measured, `record` holds the reason and no normaliser is returned, as with None. Reads in
/// parallel (oneTBB). Throws Cancelled.
std::optional<core::StainNormaliser> stain_normaliser(const slide::FrameReader& reader, const core::TilePlan& plan,
                                                      core::StainMethod method, const core::StainStatistics& target,
                                                      output::StainRecord& record, const core::CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline::segment
