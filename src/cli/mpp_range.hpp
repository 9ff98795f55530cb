#pragma once
#include "command.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::cli {

/// What every option takes that says the um per pixel of level 0 or of patches.
inline CLI::Range mpp_range(double coarsest = slide::kCoarsestMpp) { return {slide::kFinestMpp, coarsest}; }

}  // namespace wsi_lpd::cli
