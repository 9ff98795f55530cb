#include "tiff_label_reader.hpp"

#include <algorithm>
#include <vector>

#include "ome_xml_writer.hpp"
#include "tiff_file.hpp"

namespace wsi_lpd::image {
namespace {

/// One row of tiles must fit into this many bytes, whatever a header says.
constexpr std::uint64_t kMaxBand = std::uint64_t{1} << 30;

class TiffLabelReader : public LabelReader {
 public:
  TiffLabelReader(const std::filesystem::path& path, int level) : tiff_("reading " + path.string(), path, "rm") {
    TIFF* tiff = tiff_.get();
    if (level > 0) go_to_level(level);
    std::uint32_t width = 0, height = 0;
    std::uint16_t bits = 1, samples = 1, format = SAMPLEFORMAT_UINT, photometric = PHOTOMETRIC_MINISBLACK;
    tiff_.check(TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width) && TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height), "has no size");
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    tiff_.check(width > 0 && height > 0 && std::max(width, height) <= INT32_MAX, "has an impossible size");
    tiff_.check(bits == 8 && samples == 1 && format == SAMPLEFORMAT_UINT &&
                    (photometric == PHOTOMETRIC_PALETTE || photometric == PHOTOMETRIC_MINISBLACK),
                "labels must be an indexed or a grey TIFF of one 8-bit sample, and this one is neither");
    size_ = {width, height};
    std::uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
    if (photometric == PHOTOMETRIC_PALETTE && TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue)) {
      const std::uint16_t largest =
          std::max({*std::max_element(red, red + 256), *std::max_element(green, green + 256), *std::max_element(blue, blue + 256)});
      const int shift = largest < 256 ? 0 : 8;  // some programs write bytes where 16 bits are meant
      const auto byte = [&](std::uint16_t value) { return static_cast<std::uint8_t>(value >> shift); };
      for (int i = 0; i < 256; ++i) palette_.push_back({{byte(red[i]), byte(green[i]), byte(blue[i])}});
    }
    if (!TIFFIsTiled(tiff)) {
      // libtiff keeps one strip in memory as it is in the file, decoded row by row
      tiff_.check(TIFFScanlineSize64(tiff) == width, "has rows of a strange length");
      return;
    }
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &tile_width_);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &tile_height_);
    tiff_.check(tile_width_ > 0 && tile_height_ > 0 && tile_height_ <= kMaxBand / width && tile_height_ <= kMaxBand / tile_width_ &&
                    TIFFTileSize64(tiff) == std::uint64_t{tile_width_} * tile_height_,
                "has tiles too large to be read");
    tile_.resize(std::size_t{tile_width_} * tile_height_);
    band_.resize(std::size_t{width} * std::min(tile_height_, height));
  }

  core::Size size() const override { return size_; }

  std::string description() const override {
    const char* text = nullptr;
    if (!TIFFGetField(tiff_.get(), TIFFTAG_IMAGEDESCRIPTION, &text) || !text) return {};
    return ome_comment(text).value_or(text);
  }

  void next_row(std::uint8_t* row) override {
    tiff_.check(row_ < size_.height, "has no more rows");
    if (tile_.empty()) {
      tiff_.check(TIFFReadScanline(tiff_.get(), row, static_cast<std::uint32_t>(row_)) == 1, "cannot be decoded");
    } else {
      if (row_ % tile_height_ == 0) read_band();
      std::copy_n(band_.data() + row_ % tile_height_ * size_.width, size_.width, row);
    }
    ++row_;
  }

 private:
  /// A pyramid's levels are its pages, or, in OME-TIFF, what the first page's SubIFDs point to.
  void go_to_level(int level) {
    TIFF* tiff = tiff_.get();
    std::uint32_t width = 0, height = 0, reduced_width = 0, reduced_height = 0;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    std::uint16_t count = 0;
    std::uint64_t* offsets = nullptr;
    const std::string none = "has no level " + std::to_string(level);
    if (TIFFGetField(tiff, TIFFTAG_SUBIFD, &count, &offsets) && count > 0) {
      tiff_.check(level <= count && TIFFSetSubDirectory(tiff, offsets[level - 1]), none);
    } else {
      tiff_.check(TIFFSetDirectory(tiff, static_cast<tdir_t>(level)), none);
    }
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &reduced_width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &reduced_height);
    const auto reduced = [&](std::uint32_t side) { return core::divide_up(side, std::int64_t{1} << std::min(level, 32)); };
    tiff_.check(reduced_width == reduced(width) && reduced_height == reduced(height), none);
  }

  void read_band() {
    const std::int64_t rows = std::min<std::int64_t>(tile_height_, size_.height - row_);
    for (std::int64_t x = 0; x < size_.width; x += tile_width_) {
      const auto bytes = TIFFReadTile(tiff_.get(), tile_.data(), static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(row_), 0, 0);
      tiff_.check(bytes == static_cast<tmsize_t>(tile_.size()), "cannot be decoded");
      const std::int64_t columns = std::min<std::int64_t>(tile_width_, size_.width - x);
      for (std::int64_t y = 0; y < rows; ++y) std::copy_n(tile_.data() + y * tile_width_, columns, band_.data() + y * size_.width + x);
    }
  }

  TiffFile tiff_;
  core::Size size_;
  std::uint32_t tile_width_ = 0, tile_height_ = 0;
  std::vector<std::uint8_t> tile_, band_;  ///< empty for strips
  std::int64_t row_ = 0;
};

}  // namespace

std::unique_ptr<LabelReader> open_tiff_labels(const std::filesystem::path& path, int level) {
  return std::make_unique<TiffLabelReader>(path, level);
}

}  // namespace wsi_lpd::image
