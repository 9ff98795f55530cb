#pragma once
// Private to pipeline: the deep-zoom view of one slide.
#include <filesystem>
#include <optional>
#include <string>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::pipeline::review {

/// The description (JSON) of the tiles that an earlier report made in `folder`. Nothing if they were made from another slide or raster.
std::optional<std::string> existing_view(const output::CompleteResult& result, const std::filesystem::path& folder);

/// Makes tiles of a slide and of its labels in `folder`, and returns their description. The resolution is the result's, halved as often as
/// `mpp` allows. Existing tiles are kept if they would be the same. Throws Error when slide or raster is missing or does not belong to the
/// result.
std::string make_view(const output::CompleteResult& result, const std::filesystem::path& folder, double mpp,
                      const core::CancelFlag& cancel);

/// The side of the finest tiles' pixels in level-0 pixels, by a view's description.
double finest_pixel(const std::string& view);

}  // namespace wsi_lpd::pipeline::review
