#include "pyramid_level.hpp"

#include <algorithm>
#include <fstream>
#include <span>
#include <tuple>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/runs.hpp"

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

PyramidLevel::PyramidLevel(const std::string& doing, const std::filesystem::path& path, PyramidPage page, core::Size size, int channels,
                           const PyramidOptions& options)
    : doing_(doing),
      path_(path),
      page_(page),
      size_(size),
      channels_(channels),
      options_(options),
      file_(doing, path, "w8m"),
      tile_width_(tile_side(size.width, options.tile)),
      tile_height_(tile_side(size.height, options.tile)),
      band_(static_cast<std::size_t>(core::divide_up(size.width, tile_width_))),
      pair_(static_cast<std::size_t>(2 * size.width * channels)) {
  set_fields(file_);
}

void PyramidLevel::set_fields(TiffFile& file) const {
  const auto set = [&](std::uint32_t tag, auto... values) { file.write([&] { return TIFFSetField(file.get(), tag, values...) != 0; }); };
  const bool jpeg = options_.compression == PyramidOptions::Compression::Jpeg;
  if (page_.level > 0) set(TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
  if (page_.below > 0) {  // libtiff puts so many of the directories to come there
    const std::vector<std::uint64_t> offsets(page_.below);
    set(TIFFTAG_SUBIFD, page_.below, offsets.data());
  }
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
      const core::Colour& colour = options_.palette[i];
      std::tie(red[i], green[i], blue[i]) = std::tuple(colour.red * 257, colour.green * 257, colour.blue * 257);
    }
    set(TIFFTAG_COLORMAP, red.data(), green.data(), blue.data());
  }
  if (options_.mpp > 0) {
    const double pixels_per_cm = 10000 / options_.mpp / static_cast<double>(std::int64_t{1} << page_.level);
    set(TIFFTAG_RESOLUTIONUNIT, RESUNIT_CENTIMETER);
    set(TIFFTAG_XRESOLUTION, pixels_per_cm);
    set(TIFFTAG_YRESOLUTION, pixels_per_cm);
  }
  if (page_.plane == 0 && page_.level == 0 && !options_.description.empty()) set(TIFFTAG_IMAGEDESCRIPTION, options_.description.c_str());
}

bool PyramidLevel::add_row(const std::uint8_t* row) {
  const std::int64_t bytes = size_.width * channels_, tile_bytes = tile_width_ * channels_;
  std::copy_n(row, bytes, pair_.data() + rows_ % 2 * bytes);
  for (std::size_t i = 0; i < band_.size(); ++i) {
    std::vector<std::uint8_t>& tile = band_[i];
    const std::span part(row + static_cast<std::int64_t>(i) * tile_bytes,
                         static_cast<std::size_t>(std::min(tile_bytes, bytes - static_cast<std::int64_t>(i) * tile_bytes)));
    if (tile.empty() && core::is_blank(part)) continue;
    tile.resize(static_cast<std::size_t>(tile_height_ * tile_bytes));
    std::uint8_t* target = tile.data() + rows_ % tile_height_ * tile_bytes;
    std::copy(part.begin(), part.end(), target);
    // Past the edge the last pixel goes on: JPEG would bleed any other colour into the image.
    for (auto x = static_cast<std::int64_t>(part.size()); x < tile_bytes; ++x) target[x] = target[x - channels_];
  }
  ++rows_;
  const bool last = rows_ == size_.height;
  if (last || rows_ % tile_height_ == 0) write_tiles();
  return last || rows_ % 2 == 0;
}

void PyramidLevel::reduce(std::uint8_t* half) const {
  constexpr std::size_t kFar = 64;  // pixels to look ahead for a run
  const auto bytes = static_cast<std::size_t>(size_.width * channels_), pixel = static_cast<std::size_t>(channels_);
  const std::span upper(pair_.data(), bytes);
  const std::span lower = rows_ % 2 == 0 ? std::span(pair_.data() + bytes, bytes) : upper;
  const bool labels = options_.reduction == PyramidOptions::Reduction::Mode;
  for (std::size_t x = 0; x < bytes;) {
    if (channels_ == 1 && upper[x] == lower[x]) {
      const std::size_t end = std::min(x + kFar, bytes),
                        pairs = (std::min(core::run_end(upper, x, end), core::run_end(lower, x, end)) - x) / 2;
      half = std::fill_n(half, pairs, upper[x]);
      x += 2 * pairs;
      if (pairs > 0) continue;
    }
    const std::size_t right = x + pixel < bytes ? pixel : 0;  // at an odd edge a pixel stands for its missing neighbour
    for (std::size_t i = x; i < x + pixel; ++i)
      *half++ = labels ? mode(upper[i], upper[i + right], lower[i], lower[i + right])
                       : mean(upper[i], upper[i + right], lower[i], lower[i + right]);
    x += 2 * pixel;
  }
}

void PyramidLevel::write_tiles() {
  const std::int64_t first = (rows_ - 1) / tile_height_ * tile_height_, tile_bytes = tile_width_ * channels_;
  const auto number = [&](std::size_t i) {
    return TIFFComputeTile(file_.get(), static_cast<std::uint32_t>(static_cast<std::int64_t>(i) * tile_width_),
                           static_cast<std::uint32_t>(first), 0, 0);
  };
  for (std::size_t i = 0; i < band_.size(); ++i) {
    std::vector<std::uint8_t>& tile = band_[i];
    if (tile.empty()) {
      write_blank_tile(number(i));
      continue;
    }
    for (std::int64_t y = rows_ - first; y < tile_height_; ++y)
      std::copy_n(tile.data() + (rows_ - 1 - first) * tile_bytes, tile_bytes, tile.data() + y * tile_bytes);
    file_.write([&] { return TIFFWriteEncodedTile(file_.get(), number(i), tile.data(), static_cast<tmsize_t>(tile.size())) >= 0; });
    tile = {};
  }
}

// All blank tiles are the same bytes: the first is compressed, and read back for the others.
void PyramidLevel::write_blank_tile(std::uint32_t number) {
  if (!blank_.empty()) {
    file_.write([&] { return TIFFWriteRawTile(file_.get(), number, blank_.data(), static_cast<tmsize_t>(blank_.size())) >= 0; });
    return;
  }
  std::vector<std::uint8_t> zeros(static_cast<std::size_t>(tile_height_ * tile_width_ * channels_));
  file_.write([&] { return TIFFWriteEncodedTile(file_.get(), number, zeros.data(), static_cast<tmsize_t>(zeros.size())) >= 0; });
  std::vector<char> bytes(TIFFGetStrileByteCount(file_.get(), number));
  std::ifstream file(path_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(TIFFGetStrileOffset(file_.get(), number)));
  if (file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) blank_.assign(bytes.begin(), bytes.end());
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
