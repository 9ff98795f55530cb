#pragma once
// Private to src/image: libvips behind one Error.
#include <filesystem>
#include <string>
#include <utility>
#include <vips/vips8>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/image/library.hpp"

namespace wsi_lpd::image {

/// What `error` says in one line: the system's reason where there is one, else the first line, which is nearest to the cause. libvips has
/// one error buffer for all threads: of two calls that fail at the same moment, one may report the other's reason.
std::string reason_of(const vips::VError& error);

/// Runs `action` on an initialised libvips; what libvips throws becomes Error("`doing` PATH: reason"). What stands in the error buffer
/// before is of another file: OpenSlide's use of libtiff leaves its errors there.
template <class Action>
decltype(auto) with_vips(const std::string& doing, const std::filesystem::path& path, Action&& action) {
  initialise();
  vips_error_clear();
  try {
    return std::forward<Action>(action)();
  } catch (const vips::VError& error) {
    throw core::Error(doing + " " + path.string() + ": " + reason_of(error));
  }
}

/// Opens without decoding, with the loaders that we promise and no other: libvips' own choice would hand a slide to OpenSlide, and some
/// files to interpreters. Not through a file name, in which libvips takes "[…]" for options. Pixels can be had once, from top to bottom.
vips::VImage open_image(const std::filesystem::path& path);
/// Throws Error where the header promises more pixels than we hold in memory, of 8 bits in so many channels.
void check_size_in_memory(const vips::VImage& image, int channels);

/// Of 16-bit samples, alpha left out. Reads all pixels of `image`.
std::uint32_t largest_colour_sample(const vips::VImage& image);
/// 16-bit samples of which `bits` are used, spread over all 16: libvips shows the upper 8.
vips::VImage spread(const vips::VImage& image, int bits);

/// The pixels of `image` as libvips sees them, without a copy: `image` must outlive the result.
inline vips::VImage borrow(const core::Image& image) {
  return vips::VImage::new_from_memory(const_cast<std::uint8_t*>(image.data()), image.bytes(), static_cast<int>(image.width()),
                                       static_cast<int>(image.height()), image.channels(), VIPS_FORMAT_UCHAR)
      .copy(vips::VImage::option()->set("interpretation", image.channels() == 3 ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_B_W));
}

/// Computes `source` (8 bit) into memory of our own, without a second copy.
inline core::Image to_image(const vips::VImage& source) {
  if (source.format() != VIPS_FORMAT_UCHAR) throw vips::VError("its samples are not of 8 bits");  // libvips would write past the end
  core::Image image(source.width(), source.height(), source.bands());
  vips::VImage memory =
      vips::VImage::new_from_memory(image.data(), image.bytes(), source.width(), source.height(), source.bands(), VIPS_FORMAT_UCHAR);
  source.write(memory);
  return image;
}

}  // namespace wsi_lpd::image
