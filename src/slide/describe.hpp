#pragma once
// Private to src/slide: what every reader makes of what its library says of a slide.
#include "wsi_lpd/slide/open.hpp"

namespace wsi_lpd::slide {

/// "0.499", with no more digits than mean something.
std::string number_text(double value);

/// Throws Error where level `index` can't have that size.
void check_size(const Properties& properties, std::size_t index, const core::Size& size);
/// Does a level of `size` show the whole of level 0, or do their shapes contradict each other?
bool has_shape_of_level0(const Properties& properties, const core::Size& size);
void add_level(Properties& properties, const core::Size& size);

/// µm/px: what was given, else what the slide says (`source`). Throws Error when that can't be or differs between the axes, UsageError when
/// the given one can't be. Tags of TIFFs and pictures ("… tags") count only where they are plausible: most say something about printing.
void set_resolution(Properties& properties, const OpenOptions& options, std::optional<double> x, std::optional<double> y,
                    const std::string& source);

/// Adds a warning where the slide's µm/px, of which properties know, differs by more than 10 % from that of its resolution tags, or can't
/// be that of its objective.
void warn_of_contradictions(Properties& properties, std::optional<double> tags_mpp);

/// A region that can't be read, in one line.
ReadError read_error(const Properties& properties, int level, const core::Rect& region, const std::string& reason);
/// Fills what lies outside of `inside` with the background; both in `region`'s frame, which is `target`'s.
void fill_outside(const Properties& properties, const core::Rect& region, const core::Rect& inside, core::ImageView<std::uint8_t> target);

}  // namespace wsi_lpd::slide
