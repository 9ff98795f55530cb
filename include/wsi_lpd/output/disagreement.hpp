#pragma once
#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/raster/confusion_matrix.hpp"

namespace wsi_lpd::output {

/// A picture of where a result and its truth agree and disagree. `truth` and `result` (1 channel, one size) have 0…C−1 for classes, C for
/// background and any other value where a pixel was left out. What both say is pale in the class's colour; the seven most frequent kinds of
/// disagreement have a colour each that colour-blind people tell apart, the others share one; what was left out is grey. A legend below has
/// the share of all compared pixels, by `matrix`; a scale bar is drawn when `mpp` (µm per pixel) is not 0. Thread-safe.
core::Image draw_disagreement(const core::Image& truth, const core::Image& result, const raster::ConfusionMatrix& matrix,
                              const core::ClassScheme& classes, double mpp);

}  // namespace wsi_lpd::output
