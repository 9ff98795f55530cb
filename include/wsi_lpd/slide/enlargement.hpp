#pragma once
#include <string>

#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::slide {

inline constexpr double kMuchEnlarged = 2;  ///< beyond, a warning: a 20x model on a 10x scan is at this limit
inline constexpr double kMostEnlarged = 4;  ///< beyond, more likely a wrong tag than a slide: px/mm written as px/cm are ten times off

inline constexpr double kOtherMpp = 0.1;  ///< relative difference of a given µm/px from the slide's own, beyond which a warning names both

/// What to warn of when the given µm/px overrules the slide's own: empty up to kOtherMpp.
std::string check_given_mpp(const Properties& properties);

/// What to warn of when a slide is read at `frame`: empty up to kMuchEnlarged. Throws Error beyond kMostEnlarged unless `force`. Both name
/// the resolutions, where the slide's comes from, and what to do.
std::string check_enlargement(const Properties& properties, const Frame& frame, bool force);

}  // namespace wsi_lpd::slide
