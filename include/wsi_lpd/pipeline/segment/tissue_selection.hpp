#pragma once
#include <string>
#include <vector>

#include "wsi_lpd/core/tissue_mask.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::segment {

/// The part of a slide that is segmented.
struct TissueSelection {
  core::TissueMask tissue;
  core::Image parts;                    ///< values of Part on the thumbnail's pixels: tissue, or why a pixel was left out
  std::vector<std::string> warnings{};  ///< about the files: geometries that were left out, masks that are all inside or all outside
};

/// Options of tissue "auto".
struct TissueSearch {
  double min_tissue = 20'000;  ///< µm²; smaller pieces are left out as specks
  bool rim = false;            ///< include the glass pixels that touch tissue on the thumbnail; tiles decide later where glass begins
};

/// Selects the tissue. `tissue` and `region` are as in SegmentOptions. `thumbnail` covers the slide's bounds; `unreadable` are the parts of
/// it that could not be read. Thread-safe. Throws Error when a file can't be read, is neither a mask nor GeoJSON, or does not fit the
/// slide.
TissueSelection select_tissue(const slide::Reader& reader, const core::Image& thumbnail, const std::vector<core::Rect>& unreadable,
                              const std::string& tissue, const std::string& region, const TissueSearch& search = {});

}  // namespace wsi_lpd::pipeline::segment
