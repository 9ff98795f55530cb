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
  int index = 0;             ///< among the file's images, SubIFDs not counted
  core::Size size;
  bool tiled = false;
  core::Size tile;  ///< zero for strips
  std::uint16_t bits = 1, samples = 1, sample_format = SAMPLEFORMAT_UINT;
  std::uint16_t compression = COMPRESSION_NONE, photometric = PHOTOMETRIC_MINISBLACK, planes = PLANARCONFIG_CONTIG;
  std::optional<std::uint16_t> alpha;  ///< EXTRASAMPLE_ASSOCALPHA or _UNASSALPHA where the sample after the colours is one
  bool reduced = false;                ///< NewSubfileType says: a smaller copy of another page
  std::uint16_t orientation = ORIENTATION_TOPLEFT;
  std::uint32_t parts = 0;      ///< tiles or strips
  std::uint32_t unwritten = 0;  ///< of them were never written
  std::uint64_t end = 0;        ///< where the last of its tiles or strips ends in the file
  int said_bits = 0;            ///< of 16-bit samples by the MaxSampleValue tag; 0 where it is not there or says 65535
  int used_bits = 16;           ///< of 16-bit samples; see sample_depth.hpp
  std::vector<std::uint64_t> subifds;
  std::optional<double> mpp_x, mpp_y;  ///< from the resolution tags
  std::string description;

  bool colour() const { return photometric == PHOTOMETRIC_RGB || photometric == PHOTOMETRIC_YCBCR; }
  bool jpeg2000() const;
};

/// The directory that `tiff` is at.
TiffPage read_page(const TiffFile& tiff);
/// Fails with the reason where the pixels of `page` are no picture that we can show in RGB.
void check_pixels(const TiffFile& tiff, const TiffPage& page);
/// Format, µm/px and significant bits of a slide whose page is `page`; OME-XML stands in `description`. Throws Error when that contradicts
/// the page, or says that it is more than one plane of RGB.
void describe_tiff(const TiffFile& tiff, const TiffPage& page, const std::string& description, PyramidFile::Info& info);

std::string orientation_note(int orientation);
void add_note(PyramidFile::Info& info, const std::string& note);

}  // namespace wsi_lpd::image
