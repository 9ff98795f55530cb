#include "png_label_reader.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "png_file.hpp"

namespace wsi_lpd::image {
namespace {

/// An interlaced PNG has no rows before its last pass: it is decoded whole, up to this many pixels.
constexpr std::int64_t kMaxInterlaced = std::int64_t{1} << 28;

class PngLabelReader : public LabelReader {
 public:
  PngLabelReader(const std::filesystem::path& path, RgbLabels rgb) : in_("reading " + path.string(), path, "rb") {
    in_.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &in_, PngFile::on_error, PngFile::on_warning);
    if (in_.png) in_.info = png_create_info_struct(in_.png);
    if (!in_.info) in_.fail("out of memory");
    try {
      start(rgb);
    } catch (...) {  // the destructor does not run for us
      png_destroy_read_struct(&in_.png, &in_.info, nullptr);
      throw;
    }
  }
  PngLabelReader(const PngLabelReader&) = delete;
  PngLabelReader& operator=(const PngLabelReader&) = delete;
  ~PngLabelReader() override { png_destroy_read_struct(&in_.png, &in_.info, nullptr); }

  core::Size size() const override { return size_; }
  std::string description() const override { return {}; }

  void next_row(std::uint8_t* row) override {
    if (row_ == size_.height) in_.fail("has no more rows");
    std::uint8_t* pixels = !interlaced_.empty() ? interlaced_.at(0, row_) : is_rgb_ ? pixels_.data() : row;
    if (interlaced_.empty()) in_.call([&] { png_read_row(in_.png, pixels, nullptr); });
    if (is_rgb_) {
      for (std::int64_t x = 0; x < size_.width; ++x, pixels += 4) row[x] = number_of({{pixels[0], pixels[1], pixels[2]}, pixels[3]});
    } else if (!interlaced_.empty()) {
      std::copy_n(pixels, size_.width, row);
    }
    ++row_;
    if (row_ == size_.height) in_.call([&] { png_read_end(in_.png, nullptr); });  // a file cut off here is cut off, too
  }

 private:
  void start(RgbLabels rgb) {
    int passes = 1;
    in_.call([&] {
      png_set_user_limits(in_.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
      png_init_io(in_.png, in_.file.get());
      png_read_info(in_.png, in_.info);
    });
    const int type = png_get_color_type(in_.png, in_.info), depth = png_get_bit_depth(in_.png, in_.info);
    is_rgb_ = rgb == RgbLabels::Numbered && (type == PNG_COLOR_TYPE_RGB || type == PNG_COLOR_TYPE_RGB_ALPHA) && depth == 8;
    if ((type != PNG_COLOR_TYPE_PALETTE && type != PNG_COLOR_TYPE_GRAY && !is_rgb_) || depth > 8) {
      in_.fail(std::string("labels must be an indexed or an 8-bit grey PNG") + (rgb == RgbLabels::Numbered ? ", or one in 8-bit RGB" : "") +
               ", and this one is neither");
    }
    size_ = {png_get_image_width(in_.png, in_.info), png_get_image_height(in_.png, in_.info)};
    if (type == PNG_COLOR_TYPE_PALETTE) read_palette();
    in_.call([&] {
      png_set_packing(in_.png);  // 1, 2, 4 bits to bytes, values unchanged
      if (is_rgb_) {
        png_set_tRNS_to_alpha(in_.png);
        png_set_add_alpha(in_.png, 255, PNG_FILLER_AFTER);
      }
      passes = png_set_interlace_handling(in_.png);
      png_read_update_info(in_.png, in_.info);
    });
    const int channels = is_rgb_ ? 4 : 1;
    pixels_.resize(static_cast<std::size_t>(size_.width * channels));
    if (passes == 1) return;
    if (size_.height > kMaxInterlaced / size_.width) in_.fail("is too large for an interlaced image; save it without interlacing");
    interlaced_ = core::Image(size_.width, size_.height, channels);
    in_.call([&] {
      for (int pass = 0; pass < passes; ++pass) {
        for (std::int64_t y = 0; y < size_.height; ++y) png_read_row(in_.png, interlaced_.at(0, y), nullptr);
      }
    });
  }

  void read_palette() {
    png_colorp colours = nullptr;
    png_bytep alphas = nullptr;
    int count = 0, transparent = 0;
    in_.call([&] {
      png_get_PLTE(in_.png, in_.info, &colours, &count);
      png_get_tRNS(in_.png, in_.info, &alphas, &transparent, nullptr);
    });
    for (int i = 0; i < count; ++i)
      palette_.push_back({{colours[i].red, colours[i].green, colours[i].blue}, i < transparent ? alphas[i] : std::uint8_t{255}});
  }

  std::uint8_t number_of(const PaletteEntry& colour) {
    if (palette_.empty() || colour != palette_[last_]) {
      const std::array key{colour.colour.red, colour.colour.green, colour.colour.blue, colour.alpha};
      const auto [found, is_new] = numbers_.try_emplace(key, palette_.size());
      if (is_new && palette_.size() == 256) in_.fail("has more than 256 colours: a picture, and no labels");
      if (is_new) palette_.push_back(colour);
      last_ = found->second;
    }
    return static_cast<std::uint8_t>(last_);
  }

  PngFile in_;
  core::Size size_;
  std::int64_t row_ = 0;
  core::Image interlaced_;
  std::vector<std::uint8_t> pixels_;                            ///< a row of RGBA
  std::map<std::array<std::uint8_t, 4>, std::size_t> numbers_;  ///< of colours
  std::size_t last_ = 0;                                        ///< of the pixel before
};

}  // namespace

std::unique_ptr<LabelReader> open_png_labels(const std::filesystem::path& path, RgbLabels rgb) {
  return std::make_unique<PngLabelReader>(path, rgb);
}

}  // namespace wsi_lpd::image
