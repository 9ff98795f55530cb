#pragma once
// Private to src/image: which of the images in a TIFF is the slide.
#include <string>
#include <vector>

#include "tiff_page.hpp"

namespace wsi_lpd::image {

struct TiffSlide {
  std::vector<TiffPage> levels;  ///< the slide and its smaller copies, from large to small
  std::string description;       ///< of the file: OME-XML stands at its first page
  std::string note;              ///< which image was taken where that is not the first, or a large one is left out; empty otherwise
  std::string rivals;            ///< why none can be taken: other images are as large; empty otherwise
  bool is_sparse = false;        ///< some tile of a level was never written
};

/// The largest image in colour, or the largest of all where none is in colour, and its copies: its SubIFDs, else the pages flagged as
/// reduced. Only those of its shape and of its kind (tiles or strips) are taken: thumbnails, labels and masks are no levels. Throws Error
/// where the list of images breaks off, as in a file that was cut short.
TiffSlide find_slide(const TiffFile& tiff);

}  // namespace wsi_lpd::image
