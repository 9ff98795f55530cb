#pragma once
#include <string>
#include <vector>

#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::slide {

inline constexpr double kOtherMpp = 0.1;  ///< relative difference of a given µm/px from the slide's own, beyond which a warning names both
inline constexpr double kMuchEnlarged = 2;  ///< beyond, a warning: a 20x model on a 10x scan is at this limit
inline constexpr double kMostEnlarged = 4;  ///< beyond, more likely a wrong tag than a slide: px/mm written as px/cm are ten times off

/// `mpp`, which somebody wrote as `text`. Throws Error where it is no number, or none from kFinestMpp to kCoarsestMpp.
double checked_mpp(std::optional<double> mpp, const std::string& text);

/// What to warn of when a slide is read at `frame`: what the slide says contradicts itself, what was given overrules it by more than
/// kOtherMpp, or it is enlarged by more than kMuchEnlarged. Throws Error beyond kMostEnlarged unless `force`. Each line names the
/// resolutions, where the slide's comes from, and what to do. Thread-safe.
std::vector<std::string> check_resolution(const Properties& properties, const core::Frame& frame, bool force);

}  // namespace wsi_lpd::slide
