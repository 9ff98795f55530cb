#pragma once
// Private to pipeline: the deep-zoom view of one slide.
#include <filesystem>
#include <optional>
#include <string>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::pipeline::review {

/// The description (JSON) of tiles that an earlier report made in `folder`, if they were made of the same slide and the same raster.
std::optional<std::string> existing_view(const output::CompleteResult& result, const std::filesystem::path& folder);

/// Makes tiles of a slide and of its labels in `folder`, at the result's µm/px halved as often as `mpp` allows, and describes them. Tiles
/// that are there and would be the same are kept. Throws Error where slide or raster are not there, or not those that belong together.
std::string make_view(const output::CompleteResult& result, const std::filesystem::path& folder, double mpp,
                      const core::CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline::review
