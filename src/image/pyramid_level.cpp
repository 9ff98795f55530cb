#include "pyramid_level.hpp"

#include <algorithm>
#include <tuple>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::image {
namespace {

/// The value that most of the four have; of equally frequent ones the first in reading order.
std::uint8_t mode(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  if (a == b || a == c || a == d) return a;
  if (b == c || b == d) return b;
  return c == d ? c : a;
}

std::uint8_t mean(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return static_cast<std::uint8_t>((a + b + c + d + 2) / 4);
}

/// Not wider than the image: OpenSlide reads colour maps through libtiff's RGBA interface, which (4.5) skews an image narrower than a tile.
std::int64_t tile_side(std::int64_t side, int tile) { return std::clamp<std::int64_t>(side / 16 * 16, 16, tile); }

std::uint16_t tiff_compression(PyramidOptions::Compression compression) {
  switch (compression) {
    case PyramidOptions::Compression::Zstd:
      return COMPRESSION_ZSTD;
    case PyramidOptions::Compression::Jpeg:
      return COMPRESSION_JPEG;
    default:
      return COMPRESSION_ADOBE_DEFLATE;
  }
}

}  // namespace

PyramidLevel::PyramidLevel(const std::string& doing, const std::filesystem::path& path, int index, Size size, int channels,
                           const PyramidOptions& options)
    : doing_(doing),
      path_(path),
      index_(index),
      size_(size),
      channels_(channels),
      options_(options),
      file_(doing, path, "w8m"),
      tile_width_(tile_side(size.width, options.tile)),
      tile_height_(tile_side(size.height, options.tile)),
      band_(static_cast<std::size_t>(std::min(tile_height_, size.height) * size.width * channels)),
      tile_(static_cast<std::size_t>(tile_height_ * tile_width_ * channels)) {
  set_fields(file_);
}

void PyramidLevel::set_fields(TiffFile& file) const {
  const auto set = [&](std::uint32_t tag, auto... values) { file.write([&] { return TIFFSetField(file.get(), tag, values...) != 0; }); };
  const bool jpeg = options_.compression == PyramidOptions::Compression::Jpeg;
  if (index_ > 0) set(TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
  set(TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(size_.width));
  set(TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(size_.height));
  set(TIFFTAG_BITSPERSAMPLE, 8);
  set(TIFFTAG_SAMPLESPERPIXEL, channels_);
  set(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  set(TIFFTAG_TILEWIDTH, static_cast<std::uint32_t>(tile_width_));
  set(TIFFTAG_TILELENGTH, static_cast<std::uint32_t>(tile_height_));
  set(TIFFTAG_COMPRESSION, tiff_compression(options_.compression));
  if (jpeg) {
    set(TIFFTAG_JPEGQUALITY, options_.jpeg_quality);
    set(TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);  // libtiff converts
    set(TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_YCBCR);
  } else {
    set(TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);  // a fifth smaller on label maps
    set(TIFFTAG_PHOTOMETRIC, channels_ == 3 ? PHOTOMETRIC_RGB : options_.palette.empty() ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_PALETTE);
  }
  if (!options_.palette.empty()) {
    std::vector<std::uint16_t> red(256), green(256), blue(256);
    for (std::size_t i = 0; i < options_.palette.size(); ++i) {  // 16 bits a channel: 255 becomes 65535
      const Colour& colour = options_.palette[i];
      std::tie(red[i], green[i], blue[i]) = std::tuple(colour.red * 257, colour.green * 257, colour.blue * 257);
    }
    set(TIFFTAG_COLORMAP, red.data(), green.data(), blue.data());
  }
  if (options_.mpp > 0) {
    const double pixels_per_cm = 10000 / options_.mpp / static_cast<double>(std::int64_t{1} << index_);
    set(TIFFTAG_RESOLUTIONUNIT, RESUNIT_CENTIMETER);
    set(TIFFTAG_XRESOLUTION, pixels_per_cm);
    set(TIFFTAG_YRESOLUTION, pixels_per_cm);
  }
  if (index_ == 0 && !options_.description.empty()) set(TIFFTAG_IMAGEDESCRIPTION, options_.description.c_str());
}

bool PyramidLevel::add_row(const std::uint8_t* row) {
  const std::int64_t bytes = size_.width * channels_;
  std::copy_n(row, bytes, band_.data() + rows_ % tile_height_ * bytes);
  ++rows_;
  const bool last = rows_ == size_.height;
  if (last || rows_ % tile_height_ == 0) write_tiles();
  return last || rows_ % 2 == 0;
}

void PyramidLevel::reduce(std::uint8_t* half) const {
  // A band starts at an even row, so that both rows are in it.
  const std::int64_t lower = (rows_ - 1) % tile_height_;
  const std::uint8_t* c = band_.data() + lower * size_.width * channels_;
  const std::uint8_t* a = rows_ % 2 == 0 ? c - size_.width * channels_ : c;
  const bool labels = options_.reduction == PyramidOptions::Reduction::Mode;
  for (std::int64_t x = 0; x < size_.width; x += 2) {
    const std::int64_t right = x + 1 < size_.width ? channels_ : 0;  // at an odd edge a pixel stands for its missing neighbour
    for (int channel = 0; channel < channels_; ++channel, ++a, ++c) {
      *half++ = labels ? mode(a[0], a[right], c[0], c[right]) : mean(a[0], a[right], c[0], c[right]);
    }
    a += right, c += right;
  }
}

void PyramidLevel::write_tiles() {
  const std::int64_t first = (rows_ - 1) / tile_height_ * tile_height_;
  const std::int64_t bytes = size_.width * channels_;
  const std::int64_t tile_bytes = tile_width_ * channels_;
  for (std::int64_t x = 0; x < size_.width; x += tile_width_) {
    const std::int64_t inside = std::min(tile_width_, size_.width - x) * channels_;
    for (std::int64_t y = 0; y < tile_height_; ++y) {
      // Past the edge the last pixel goes on: JPEG would bleed any other colour into the image.
      const std::uint8_t* source = band_.data() + std::min(y, rows_ - 1 - first) * bytes + x * channels_;
      std::uint8_t* target = tile_.data() + y * tile_bytes;
      std::copy_n(source, inside, target);
      for (std::int64_t i = inside; i < tile_bytes; ++i) target[i] = target[i - channels_];
    }
    file_.write([&] {
      const std::uint32_t tile = TIFFComputeTile(file_.get(), static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(first), 0, 0);
      return TIFFWriteEncodedTile(file_.get(), tile, tile_.data(), static_cast<tmsize_t>(tile_.size())) >= 0;
    });
  }
}

void PyramidLevel::append_to(TiffFile& target) {
  file_.close();
  TiffFile source(doing_, path_, "rm");
  target.write([&] { return TIFFWriteDirectory(target.get()) != 0; });
  set_fields(target);
  std::uint32_t length = 0;
  void* tables = nullptr;
  if (TIFFGetField(source.get(), TIFFTAG_JPEGTABLES, &length, &tables)) {
    target.write([&] { return TIFFSetField(target.get(), TIFFTAG_JPEGTABLES, length, tables) != 0; });
  }
  std::vector<std::uint8_t> bytes;
  for (std::uint32_t tile = 0; tile < TIFFNumberOfTiles(source.get()); ++tile) {
    const auto size = static_cast<tmsize_t>(TIFFGetStrileByteCount(source.get(), tile));
    bytes.resize(static_cast<std::size_t>(size));
    source.check(TIFFReadRawTile(source.get(), tile, bytes.data(), size) == size, "a temporary of it cannot be read back");
    target.write([&] { return TIFFWriteRawTile(target.get(), tile, bytes.data(), size) == size; });
  }
}

}  // namespace wsi_lpd::image
