#include "tiff_page.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "ome_xml.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::image {
namespace {

// JPEG 2000 codestreams, of which libtiff knows nothing: as Aperio and Bio-Formats write them, and the registered one.
constexpr std::uint16_t kJpeg2000[] = {33003, 33004, 33005, 34712};
constexpr std::uint64_t kLargestTile = std::uint64_t{256} << 20;  // bytes

std::optional<double> micrometres_per_pixel(TIFF* tiff, std::uint32_t tag) {
  float per_unit = 0;
  std::uint16_t unit = RESUNIT_INCH;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_RESOLUTIONUNIT, &unit);
  const double micrometres = unit == RESUNIT_CENTIMETER ? 10000 : unit == RESUNIT_INCH ? 25400 : 0;
  if (micrometres == 0 || !TIFFGetField(tiff, tag, &per_unit) || !std::isfinite(per_unit) || per_unit <= 0) return {};
  return micrometres / static_cast<double>(per_unit);
}

/// Where the tiles or strips are in the file. One that was never written has no place.
void find_parts(TIFF* tiff, TiffPage& page) {
  page.parts = page.tiled ? TIFFNumberOfTiles(tiff) : TIFFNumberOfStrips(tiff);
  for (std::uint32_t part = 0; part < page.parts; ++part) {
    const std::uint64_t offset = TIFFGetStrileOffset(tiff, part), bytes = TIFFGetStrileByteCount(tiff, part);
    page.unwritten += offset == 0 && bytes == 0 ? 1 : 0;
    page.end = std::max(page.end, offset + std::min(bytes, UINT64_MAX - offset));
  }
}

}  // namespace

bool TiffPage::jpeg2000() const { return std::ranges::find(kJpeg2000, compression) != std::end(kJpeg2000); }

TiffPage read_page(const TiffFile& file) {
  TIFF* tiff = file.get();
  TiffPage page;
  page.offset = TIFFCurrentDirOffset(tiff);
  std::uint32_t width = 0, height = 0, tile_width = 0, tile_height = 0, subfile_type = 0;
  file.check(TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width) && TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height) && width > 0 && height > 0,
             "has an image without a size");
  page.size = {width, height};
  page.tiled = TIFFIsTiled(tiff) != 0;
  find_parts(tiff, page);
  if (page.tiled) {
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &tile_width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &tile_height);
    page.tile = {tile_width, tile_height};
    if (file.has_short_table())
      file.refuse("is damaged: it has fewer tiles than its size of " + std::to_string(width) + " x " + std::to_string(height) +
                  " pixels takes; get a new copy of it");
  }
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &page.bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &page.samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &page.sample_format);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &page.compression);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &page.planes);
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &page.photometric);
  std::uint16_t count = 0;
  std::uint16_t* extras = nullptr;
  if (TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &count, &extras) && count > 0 && extras &&
      (extras[0] == EXTRASAMPLE_ASSOCALPHA || extras[0] == EXTRASAMPLE_UNASSALPHA)) {
    page.alpha = extras[0];
  }
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &page.orientation);
  std::uint16_t largest = 0;
  if (page.bits == 16 && TIFFGetField(tiff, TIFFTAG_MAXSAMPLEVALUE, &largest) && largest >= 255 && largest < 65535)
    page.said_bits = std::bit_width(largest);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SUBFILETYPE, &subfile_type);
  page.reduced = (subfile_type & FILETYPE_REDUCEDIMAGE) != 0;
  std::uint64_t* offsets = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_SUBIFD, &count, &offsets) && offsets) page.subifds.assign(offsets, offsets + count);
  page.mpp_x = micrometres_per_pixel(tiff, TIFFTAG_XRESOLUTION);
  page.mpp_y = micrometres_per_pixel(tiff, TIFFTAG_YRESOLUTION);
  const char* description = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_IMAGEDESCRIPTION, &description) && description) page.description = description;
  return page;
}

void check_pixels(const TiffFile& file, const TiffPage& page) {
  const auto text = [](auto number) { return std::to_string(number); };
  const bool grey = page.photometric == PHOTOMETRIC_MINISBLACK || page.photometric == PHOTOMETRIC_MINISWHITE;
  const bool palette = page.photometric == PHOTOMETRIC_PALETTE;
  const auto refuse = [&](bool wrong, const std::string& why) {
    if (wrong) file.refuse(why);
  };
  refuse(page.sample_format != SAMPLEFORMAT_UINT || (page.bits != 8 && page.bits != 16),
         "its samples are of " + text(page.bits) + " bits" + (page.sample_format == SAMPLEFORMAT_UINT ? "" : ", signed or floating") +
             "; unsigned ones of 8 or 16 bits are wanted");
  refuse(!grey && !palette && !page.colour(),
         "its colours are of a kind (PhotometricInterpretation " + text(page.photometric) + ") that is not read; write it as RGB");
  refuse(page.samples < (page.colour() ? 3 : 1), "it has too few samples a pixel");
  refuse(page.photometric == PHOTOMETRIC_YCBCR && page.compression != COMPRESSION_JPEG && !page.jpeg2000(),
         "its YCbCr samples are not in JPEG, which is not read; write it as RGB");
  refuse(page.tiled && (TIFFTileSize64(file.get()) == 0 || TIFFTileSize64(file.get()) > kLargestTile),
         "its tiles of " + text(page.tile.width) + " x " + text(page.tile.height) + " pixels are too large");
  refuse(!page.jpeg2000() && !TIFFIsCODECConfigured(page.compression),
         "its compression " + text(page.compression) + " is unknown; write it with another, such as JPEG or Deflate");
}

void describe_tiff(const TiffFile& file, const TiffPage& page, const std::string& description, PyramidFile::Info& info) {
  info.format = "tiff";
  info.mpp_source = "tiff tags";
  info.mpp_x = page.mpp_x;
  info.mpp_y = page.mpp_y;
  info.significant_bits = page.said_bits;
  if (page.orientation != ORIENTATION_TOPLEFT) add_note(info, orientation_note(page.orientation));
  std::optional<OmePixels> ome;
  try {
    ome = parse_ome_xml(description, page.size);
  } catch (const core::Error& error) {
    file.refuse(error.what());
  }
  if (!ome) return;
  const auto text = [](const core::Size& size) { return std::to_string(size.width) + " x " + std::to_string(size.height); };
  info.format = "ome-tiff";
  if (ome->size != page.size)
    file.refuse("its OME-XML speaks of " + text(ome->size) + " pixels, and its largest image has " + text(page.size));
  if (ome->planes > 1) {
    file.refuse("its OME-XML says " + std::to_string(ome->planes) +
                " planes (focus, time or stains in images of their own); one plane of RGB is wanted");
  }
  if (ome->significant_bits > 0 && ome->significant_bits < 16) info.significant_bits = ome->significant_bits;
  if (!ome->mpp_x && !ome->mpp_y) return;
  info.tags_mpp = info.mpp_x;
  info.mpp_source = "ome";
  info.mpp_x = ome->mpp_x;
  info.mpp_y = ome->mpp_y;
}

std::string orientation_note(int orientation) {
  return "its Orientation tag " + std::to_string(orientation) + " is not applied: coordinates are those of the pixels in the file";
}

void add_note(PyramidFile::Info& info, const std::string& note) {
  if (note.empty()) return;
  info.note += info.note.empty() ? note : "; " + note;
}

}  // namespace wsi_lpd::image
