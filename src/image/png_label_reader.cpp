#include <algorithm>

#include "label_reader.hpp"
#include "png_file.hpp"

namespace wsi_lpd::image {
namespace {

/// An interlaced PNG has no rows before its last pass: it is decoded whole, up to this many pixels.
constexpr std::int64_t kMaxInterlaced = std::int64_t{1} << 28;

class PngLabelReader : public LabelReader {
 public:
  explicit PngLabelReader(const std::filesystem::path& path) : in_("reading " + path.string(), path, "rb") {
    in_.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &in_, PngFile::on_error, PngFile::on_warning);
    if (in_.png) in_.info = png_create_info_struct(in_.png);
    if (!in_.info) in_.fail("out of memory");
    try {
      start();
    } catch (...) {  // the destructor does not run for us
      png_destroy_read_struct(&in_.png, &in_.info, nullptr);
      throw;
    }
  }
  PngLabelReader(const PngLabelReader&) = delete;
  PngLabelReader& operator=(const PngLabelReader&) = delete;
  ~PngLabelReader() override { png_destroy_read_struct(&in_.png, &in_.info, nullptr); }

  Size size() const override { return size_; }
  std::string description() const override { return {}; }

  void next_row(std::uint8_t* row) override {
    if (row_ == size_.height) in_.fail("has no more rows");
    if (interlaced_.empty()) {
      in_.call([&] { png_read_row(in_.png, row, nullptr); });
    } else {
      std::copy_n(interlaced_.at(0, row_), size_.width, row);
    }
    ++row_;
    if (row_ == size_.height) in_.call([&] { png_read_end(in_.png, nullptr); });  // a file cut off here is cut off, too
  }

 private:
  void start() {
    int passes = 1;
    in_.call([&] {
      png_set_user_limits(in_.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
      png_init_io(in_.png, in_.file.get());
      png_read_info(in_.png, in_.info);
    });
    const int type = png_get_color_type(in_.png, in_.info);
    if ((type != PNG_COLOR_TYPE_PALETTE && type != PNG_COLOR_TYPE_GRAY) || png_get_bit_depth(in_.png, in_.info) > 8) {
      in_.fail("labels must be an indexed or an 8-bit grey PNG, and this one is neither");
    }
    size_ = {png_get_image_width(in_.png, in_.info), png_get_image_height(in_.png, in_.info)};
    in_.call([&] {
      png_set_packing(in_.png);  // 1, 2, 4 bits to bytes, values unchanged
      passes = png_set_interlace_handling(in_.png);
      png_read_update_info(in_.png, in_.info);
    });
    if (passes == 1) return;
    if (size_.height > kMaxInterlaced / size_.width) in_.fail("is too large for an interlaced image; save it without interlacing");
    interlaced_ = Image(size_.width, size_.height, 1);
    in_.call([&] {
      for (int pass = 0; pass < passes; ++pass) {
        for (std::int64_t y = 0; y < size_.height; ++y) png_read_row(in_.png, interlaced_.at(0, y), nullptr);
      }
    });
  }

  PngFile in_;
  Size size_;
  std::int64_t row_ = 0;
  Image interlaced_;
};

}  // namespace

std::unique_ptr<LabelReader> open_png_labels(const std::filesystem::path& path) { return std::make_unique<PngLabelReader>(path); }

}  // namespace wsi_lpd::image
