#include "wsi_lpd/image/mask_file.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include "file_kind.hpp"
#include "tiff_page.hpp"
#include "vips.hpp"
#include "wsi_lpd/image/label_reader.hpp"

namespace wsi_lpd::image {
namespace {

/// What decides how a mask is read.
struct MaskKind {
  bool indexed = false;  ///< its values can be had, and a palette says what they look like
  bool jpeg = false;
  bool zero_is_white = false;  ///< a TIFF whose 0 is shown white
  bool fax = false;            ///< a TIFF in a fax machine's compression
  int alpha = -1;              ///< its band; -1 for none; of a PNG libvips knows better
};

MaskKind mask_kind(const std::filesystem::path& path) {
  switch (kind_of(path)) {
    case FileKind::Png: {
      constexpr int kColourType = 25;  // after the signature, in IHDR, which comes first
      char header[kColourType + 1] = {};
      std::ifstream(path, std::ios::binary).read(header, sizeof header);
      return {.indexed = header[kColourType] == 3};
    }
    case FileKind::Jpeg:
      return {.jpeg = true};
    default: {
      const TiffFile tiff("reading " + path.string(), path, "rm");
      const TiffPage page = read_page(tiff);
      const bool integers = page.sample_format == SAMPLEFORMAT_UINT || page.sample_format == SAMPLEFORMAT_INT;
      if (!integers && (page.sample_format != SAMPLEFORMAT_IEEEFP || page.bits != 32))
        tiff.refuse("its pixels are neither integers nor floats of 32 bits; save it in grey with 8 bits");
      return {.indexed = page.photometric == PHOTOMETRIC_PALETTE && page.bits == 8 && page.samples == 1,
              .jpeg = page.compression == COMPRESSION_JPEG || page.compression == COMPRESSION_OJPEG,
              .zero_is_white = page.photometric == PHOTOMETRIC_MINISWHITE,
              .fax = page.compression >= COMPRESSION_CCITTRLE && page.compression <= COMPRESSION_CCITT_T6,
              .alpha = page.alpha ? (page.colour() ? 3 : 1) : -1};
    }
  }
}

/// Which values of an indexed mask are inside.
std::array<bool, 256> inside_of_palette(const core::Image& labels, const std::vector<PaletteEntry>& palette, std::string& doubt) {
  std::array<bool, 256> used{}, inside{};
  for (std::size_t i = 0; i < labels.bytes(); ++i) used[labels.data()[i]] = true;
  const auto entry = [&](std::size_t value) { return value < palette.size() ? palette[value] : PaletteEntry{}; };
  bool some_black = false, some_clear = false, some_inside = false;
  std::size_t black = 0;
  for (std::size_t value = 0; value < used.size(); ++value) {
    if (!used[value]) continue;
    const bool clear = entry(value).alpha == 0, is_black = !clear && entry(value).colour == core::Colour{};
    inside[value] = !clear && !is_black;
    some_inside |= inside[value];
    some_clear |= clear;
    if (is_black && !std::exchange(some_black, true)) black = value;
  }
  const bool by_index = some_inside ? !some_black && !some_clear : some_black;
  if (by_index) {
    for (std::size_t value = 0; value < used.size(); ++value) inside[value] = used[value] && value > 0 && entry(value).alpha > 0;
  } else if (some_black && black > 0 && inside[0] && std::count(used.begin(), used.end(), true) > 2) {
    doubt = "its palette has black at " + std::to_string(black) + " and " + core::to_string(entry(0).colour) +
            " at 0: black is taken for outside, and 0 for inside; save it in grey, 0 outside, if that is wrong";
  }
  return inside;
}

core::Image by_palette(const std::filesystem::path& path, std::string& doubt) {
  const std::unique_ptr<LabelReader> reader = LabelReader::open(path);
  core::Image mask = read_labels(*reader);
  const std::array<bool, 256> inside = inside_of_palette(mask, reader->palette(), doubt);
  std::for_each(mask.data(), mask.data() + mask.bytes(), [&](std::uint8_t& value) { value = inside[value]; });
  return mask;
}

/// The pixels as numbers that are shown: printing inks and the like become RGB.
vips::VImage open_pixels(const std::filesystem::path& path) {
  const vips::VImage image = open_image(path);
  check_size_in_memory(image, 1);
  const bool inks = image.interpretation() == VIPS_INTERPRETATION_CMYK || image.interpretation() == VIPS_INTERPRETATION_LAB;
  return inks ? image.colourspace(VIPS_INTERPRETATION_sRGB) : image;
}

core::Image by_value(const std::filesystem::path& path, const MaskKind& kind) {
  const vips::VImage image = open_pixels(path);
  const int alpha = kind_of(path) == FileKind::Png && image.has_alpha() ? image.bands() - 1 : kind.alpha;
  const bool has_alpha = alpha > 0 && alpha < image.bands();
  const vips::VImage colours = has_alpha ? image.extract_band(0, vips::VImage::option()->set("n", alpha)) : image;
  // Comparisons give 0 or 255, and 0 for NaN.
  const double white = image.format() == VIPS_FORMAT_UCHAR    ? 255
                       : image.format() == VIPS_FORMAT_USHORT ? 65535
                       : image.format() == VIPS_FORMAT_UINT   ? 4294967295
                                                              : 0;
  vips::VImage inside = kind.jpeg                                      ? colours >= std::max(1.0, open_pixels(path).max() / 2)
                        : kind.zero_is_white && !kind.fax && white > 0 ? colours < white  // libvips has inverted it
                                                                       : colours.abs() > 0;
  inside = inside.bandor();
  if (has_alpha) inside = inside & (image.extract_band(alpha) > 0);
  return to_image(inside & 1);
}

}  // namespace

core::Image read_mask(const std::filesystem::path& path, std::vector<std::string>* warnings) {
  const MaskKind kind = mask_kind(path);
  std::string doubt;
  core::Image mask = with_vips("reading", path, [&] {
    return core::with_context("reading " + path.string(), [&] { return kind.indexed ? by_palette(path, doubt) : by_value(path, kind); });
  });
  const auto warn = [&](const std::string& line) {
    if (warnings) warnings->push_back(path.string() + ": " + line);
  };
  if (!doubt.empty()) warn(doubt);
  if (kind.zero_is_white)
    warn(std::string("its 0 is shown white: ") +
         (kind.fax ? "inside is what is shown white" : "inside is what is not 0, however it is shown"));
  const auto inside = std::count(mask.data(), mask.data() + mask.bytes(), 1);
  if (inside == 0) warn("no pixel of the mask is inside: all are 0, black or transparent");
  if (inside == static_cast<std::ptrdiff_t>(mask.bytes())) warn("every pixel of the mask is inside: none is 0, black or transparent");
  return mask;
}

}  // namespace wsi_lpd::image
