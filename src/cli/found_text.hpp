#pragma once
#include "command.hpp"
#include "wsi_lpd/pipeline/archive/find_slides.hpp"

namespace wsi_lpd::cli {

/// Says what a source of slides holds that is not done: what was reached twice and what is no slide; with --verbose each file.
void tell_what_was_found(const pipeline::archive::FoundSlides& found, const Context& context);

}  // namespace wsi_lpd::cli
