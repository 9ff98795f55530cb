#pragma once
// Private to pipeline: do annotations belong to the slide that they are measured on?
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/slide/annotations.hpp"

namespace wsi_lpd::pipeline::review {

/// A line on the regions of `file` of whose box more than a tenth lies beyond the slide, but not all of it. Throws Error (the file) where
/// no region lies on the slide: the annotations are of another one, or not in pixels.
std::vector<std::string> check_place(const slide::Annotations& annotations, const core::Frame& frame, const std::filesystem::path& file);

/// The annotations with their corners taken as µm from the top left of the slide's bounds. Nothing where they don't all lie on the slide
/// then, or where µm/px is unknown or so near to 1 that it makes little difference.
std::optional<slide::Annotations> annotations_in_um(const slide::Annotations& annotations, const core::Frame& frame);

}  // namespace wsi_lpd::pipeline::review
