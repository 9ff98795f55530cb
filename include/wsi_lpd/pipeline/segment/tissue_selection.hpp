#pragma once
#include <string>
#include <vector>

#include "wsi_lpd/core/tissue_mask.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::segment {

/// What is taken of a slide.
struct TissueSelection {
  core::TissueMask tissue;
  core::Image parts;                    ///< values of Part on the thumbnail's pixels: what was taken, and what was left for which reason
  std::vector<std::string> warnings{};  ///< of the files: what was left out of them, masks that are all inside or all outside
};

/// How "auto" finds it.
struct TissueSearch {
  double min_tissue = 20'000;  ///< µm²; smaller pieces are specks
  bool rim = false;  ///< glass that touches tissue on the thumbnail is taken with it: where glass begins is decided later, on tiles
};

/// `tissue` and `region` as in SegmentOptions. `thumbnail` covers the slide's bounds and could not be read in the parts `unreadable`.
/// Throws Error when a file can't be read, is neither a mask nor GeoJSON, or does not fit the slide.
TissueSelection select_tissue(const slide::Reader& reader, const core::Image& thumbnail, const std::vector<core::Rect>& unreadable,
                              const std::string& tissue, const std::string& region, const TissueSearch& search = {});

}  // namespace wsi_lpd::pipeline::segment
