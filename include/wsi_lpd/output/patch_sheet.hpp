#pragma once
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::output {

// Every function here is thread-safe.

/// One row of pictures of the same size.
struct SheetRow {
  std::string caption;
  std::vector<core::Image> cells;    ///< RGB
  std::vector<std::string> notes{};  ///< none, or one over each cell; the caption is cut where the first note begins
};

/// Class c of `labels` (0…C−1, background C; 1 channel, of the image's size) laid over an RGB image in its colour.
core::Image tinted(const core::Image& rgb, const core::Image& labels, const core::ClassScheme& classes);

/// A sheet of patches: titles over the columns, a caption over each row and notes over its cells, the classes' colours at the bottom. Cells
/// are brought to `side` x `side` pixels.
core::Image draw_patch_sheet(const std::vector<std::string>& columns, const std::vector<SheetRow>& rows, const core::ClassScheme& classes,
                             int side);

}  // namespace wsi_lpd::output
