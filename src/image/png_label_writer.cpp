#include "wsi_lpd/image/png_label_writer.hpp"

#include <algorithm>

#include "png_file.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::image {

struct LabelPngWriter::Impl {
  Impl(const std::filesystem::path& path, core::Size size_, std::size_t colours_)
      : part(path), out("writing " + path.string(), part.path(), "wb"), size(size_), colours(colours_) {}
  ~Impl() { png_destroy_write_struct(&out.png, &out.info); }

  core::PartFile part;
  PngFile out;
  core::Size size;
  std::size_t colours;
  std::int64_t rows = 0;
};

LabelPngWriter::LabelPngWriter(const std::filesystem::path& path, core::Size size, const std::vector<core::Colour>& palette)
    : impl_(std::make_unique<Impl>(path, size, palette.size())) {
  PngFile& out = impl_->out;
  if (palette.empty() || palette.size() > 256) out.fail("a palette has 1 to 256 colours, not " + std::to_string(palette.size()));
  if (size.width < 1 || size.height < 1 || std::max(size.width, size.height) > PNG_UINT_31_MAX) out.fail("a PNG cannot have this size");
  png_color colours[256];
  for (std::size_t i = 0; i < palette.size(); ++i) colours[i] = {palette[i].red, palette[i].green, palette[i].blue};
  out.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &out, PngFile::on_error, PngFile::on_warning);
  if (out.png) out.info = png_create_info_struct(out.png);
  if (!out.info) out.fail("out of memory");
  const int count = static_cast<int>(palette.size());
  out.call([&] {
    png_set_user_limits(out.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_init_io(out.png, out.file.get());
    png_set_IHDR(out.png, out.info, static_cast<png_uint_32>(size.width), static_cast<png_uint_32>(size.height), 8, PNG_COLOR_TYPE_PALETTE,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(out.png, out.info, colours, count);
    png_write_info(out.png, out.info);
  });
}

LabelPngWriter::LabelPngWriter(LabelPngWriter&&) noexcept = default;
LabelPngWriter::~LabelPngWriter() = default;

void LabelPngWriter::add_rows(const std::uint8_t* labels, std::int64_t rows) {
  PngFile& out = impl_->out;
  const std::int64_t width = impl_->size.width;
  if (rows > impl_->size.height - impl_->rows) out.fail("more rows than the image is high");
  const std::uint8_t largest = rows > 0 ? *std::max_element(labels, labels + width * rows) : 0;
  if (rows > 0 && largest >= impl_->colours) out.fail("label " + std::to_string(largest) + " has no colour in the palette");
  out.call([&] {
    for (std::int64_t y = 0; y < rows; ++y) png_write_row(out.png, labels + y * width);
  });
  impl_->rows += rows;
}

void LabelPngWriter::finish() {
  PngFile& out = impl_->out;
  if (impl_->rows != impl_->size.height) {
    out.fail("only " + std::to_string(impl_->rows) + " of " + std::to_string(impl_->size.height) + " rows were added");
  }
  out.call([&] { png_write_end(out.png, nullptr); });
  if (std::fclose(out.file.release()) != 0) out.fail(std::strerror(errno));
  impl_->part.commit();
}

void write_labels_png(const std::filesystem::path& path, const core::Image& labels, const std::vector<core::Colour>& palette) {
  LabelPngWriter writer(path, {labels.width(), labels.height()}, palette);
  writer.add_rows(labels.data(), labels.height());
  writer.finish();
}

}  // namespace wsi_lpd::image
