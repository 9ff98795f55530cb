#pragma once
// Private to src/image: what the directories of a TIFF say, before anything is decoded.
#include <optional>
#include <string>
#include <vector>

#include "tiff_file.hpp"
#include "wsi_lpd/image/pyramid_file.hpp"

namespace wsi_lpd::image {

struct TiffPage {
  std::uint64_t offset = 0;  ///< of its directory in the file
  Size size;
  bool tiled = false;
  Size tile;  ///< zero for strips
  std::uint16_t bits = 1, samples = 1, sample_format = SAMPLEFORMAT_UINT;
  std::uint16_t compression = COMPRESSION_NONE, photometric = PHOTOMETRIC_MINISBLACK, planes = PLANARCONFIG_CONTIG;
  std::optional<std::uint16_t> alpha;  ///< EXTRASAMPLE_ASSOCALPHA or _UNASSALPHA where the sample after the colours is one
  bool reduced = false;                ///< NewSubfileType says: a smaller copy of another page
  std::vector<std::uint64_t> subifds;
  std::optional<double> mpp_x, mpp_y;  ///< from the resolution tags
  std::string description;

  bool colour() const { return photometric == PHOTOMETRIC_RGB || photometric == PHOTOMETRIC_YCBCR; }
  bool jpeg2000() const;
};

/// The directory that `tiff` is at.
TiffPage read_page(const TiffFile& tiff);
/// The first image and its smaller copies, from large to small: its SubIFDs, else the pages flagged as reduced. Only those of its shape and
/// of its kind (tiles or strips) are taken: thumbnails, labels and masks are no levels.
std::vector<TiffPage> read_levels(const TiffFile& tiff);
/// Fails with the reason where the pixels of `page` are no picture that we can show in RGB.
void check_pixels(const TiffFile& tiff, const TiffPage& page);
/// Format and µm/px of an image whose first page is `page`. Throws Error when its OME-XML contradicts it, or says that it is more than one
/// plane of RGB.
void describe_tiff(const TiffFile& tiff, const TiffPage& page, PyramidFile::Info& info);

}  // namespace wsi_lpd::image
