#include "flat_image.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "sample_depth.hpp"
#include "tiff_slide.hpp"
#include "vips.hpp"
#include "wsi_lpd/core/file_identity.hpp"

namespace wsi_lpd::image {
namespace {

constexpr std::int64_t kVipsHeader = 64;  ///< bytes before the pixels of a VIPS file

/// A file descriptor that is closed.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// Rows of 8-bit pixels of 1 to 4 channels, one after the other from `begin` of a file.
class FlatImage : public PyramidFile {
 public:
  void read(int level, const core::Rect& region, core::ImageView<std::uint8_t> target) const override {
    if (level != 0) throw core::Error(info_.path.string() + ": has no level " + std::to_string(level));
    const std::int64_t width = info_.levels.front().width;
    std::vector<std::uint8_t> row(static_cast<std::size_t>(region.width * channels_));
    for (std::int64_t y = 0; y < region.height; ++y) {
      const std::int64_t at = begin_ + ((region.y + y) * width + region.x) * channels_;
      if (channels_ == 3) {
        read_bytes(at, target.row(y), region.width * 3);
      } else {
        read_bytes(at, row.data(), region.width * channels_);
        to_rgb(row.data(), region.width, target.row(y));
      }
    }
  }

 protected:
  FlatImage(const std::filesystem::path& path, int descriptor) : file_(descriptor) { info_.path = path; }

  int channels_ = 3;
  std::int64_t begin_ = 0;
  Descriptor file_;

 private:
  void read_bytes(std::int64_t at, std::uint8_t* to, std::int64_t count) const {
    while (count > 0) {
      const ssize_t got = pread(file_.get(), to, static_cast<std::size_t>(count), at);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        throw core::Error("reading " + info_.path.string() + ": " + (got < 0 ? std::strerror(errno) : "the file has been truncated"));
      at += got, to += got, count -= got;
    }
  }

  void to_rgb(const std::uint8_t* from, std::int64_t count, std::uint8_t* rgb) const {
    const bool grey = channels_ < 3, has_alpha = channels_ % 2 == 0;
    for (std::int64_t i = 0; i < count; ++i, from += channels_) {
      const int alpha = has_alpha ? from[channels_ - 1] : 255;
      for (int c = 0; c < 3; ++c) *rgb++ = static_cast<std::uint8_t>((from[grey ? 0 : c] * alpha + 127) / 255 + 255 - alpha);
    }
  }
};

/// libvips counts pixels per millimetre.
void describe_resolution(const vips::VImage& image, PyramidFile::Info& info) {
  info.mpp_source = "image tags";
  if (image.xres() > 0) info.mpp_x = 1000 / image.xres();
  if (image.yres() > 0) info.mpp_y = 1000 / image.yres();
}

class VipsFile : public FlatImage {
 public:
  explicit VipsFile(const std::filesystem::path& path) : FlatImage(path, ::open(path.c_str(), O_RDONLY | O_CLOEXEC)), identity_(path) {
    const auto fail = [&](const std::string& why) { throw core::Error("reading " + path.string() + ": " + why); };
    if (file_.get() < 0) fail(std::strerror(errno));
    const vips::VImage image = [&] {
      try {
        return vips::VImage::vipsload(path.c_str());
      } catch (const vips::VError& error) {  // the system's reason in it is an old one: the file is open
        vips_error_clear();
        const std::string text = error.what();
        throw core::Error("reading " + path.string() + ": is a damaged VIPS image (" + text.substr(0, text.find('\n')) +
                          "); get a new copy of it");
      }
    }();
    channels_ = image.bands();
    begin_ = kVipsHeader;
    if (image.format() != VIPS_FORMAT_UCHAR || image.coding() != VIPS_CODING_NONE || channels_ < 1 || channels_ > 4)
      fail("a VIPS image must have 8-bit pixels of 1 to 4 bands, not coded; write it so");
    const core::Size size{image.width(), image.height()};
    struct stat status {};
    if (fstat(file_.get(), &status) != 0 || status.st_size < begin_ + size.area() * channels_)
      fail("is shorter than its " + std::to_string(size.width) + " x " + std::to_string(size.height) + " pixels: it was truncated");
    info_.format = "vips";
    info_.levels = {size};
    describe_resolution(image, info_);
  }

  void read(int level, const core::Rect& region, core::ImageView<std::uint8_t> target) const override {
    identity_.check();
    FlatImage::read(level, region, target);
  }

 private:
  core::FileIdentity identity_;
};

/// A file without a name in TMPDIR: whatever happens, nothing stays behind.
int nameless_file(const std::filesystem::path& folder) {
  std::string name = (folder / "wsi-lpd-XXXXXX").string();
  const int descriptor = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) throw core::Error(folder.string() + ": " + std::strerror(errno));
  unlink(name.c_str());
  return descriptor;
}

class DecodedFile : public FlatImage {
 public:
  DecodedFile(const std::filesystem::path& path, ImageKind::Format format)
      : FlatImage(path, nameless_file(std::filesystem::temp_directory_path())) {
    if (format == ImageKind::Format::Tiff) {
      describe_strips();
    } else {
      info_.format = format == ImageKind::Format::Png ? "png" : "jpeg";
    }
    vips::VImage image = load(format);
    info_.levels = {{image.width(), image.height()}};
    if (info_.mpp_source.empty()) describe_resolution(image, info_);
    if (const int orientation = vips_image_get_orientation(image.get_image()); format != ImageKind::Format::Tiff && orientation != 1)
      add_note(info_, orientation_note(orientation));
    if (image.format() == VIPS_FORMAT_USHORT) {
      const SampleDepth depth = depth_of(info_.significant_bits, largest_colour_sample(load(format)));
      add_note(info_, depth.note);
      image = spread(image, depth.bits);
    }
    decode(image);
  }

 private:
  /// A new stream of its pixels, to be read from top to bottom once.
  vips::VImage load(ImageKind::Format format) const {
    const vips::VSource source = vips::VSource::new_from_file(info_.path.c_str());
    vips::VOption* options = vips::VImage::option()->set("access", VIPS_ACCESS_SEQUENTIAL)->set("fail_on", VIPS_FAIL_ON_ERROR);
    if (format == ImageKind::Format::Png) return vips::VImage::pngload_source(source, options);
    if (format == ImageKind::Format::Jpeg) return vips::VImage::jpegload_source(source, options);
    return vips::VImage::tiffload_source(source, options->set("page", page_));
  }

  void describe_strips() {
    const TiffFile file("reading " + info_.path.string(), info_.path, "rm");
    const TiffSlide slide = find_slide(file);
    const TiffPage& page = slide.levels.front();
    file.check(TIFFSetSubDirectory(file.get(), page.offset) != 0, "has a damaged directory");
    check_pixels(file, page);
    describe_tiff(file, page, slide.description, info_);
    if (!slide.rivals.empty()) file.refuse(slide.rivals);
    if (page.end > std::filesystem::file_size(info_.path))
      file.refuse("was cut short: its pixels reach beyond the end of the file; get a new copy of it");
    if (page.unwritten > 0)
      file.refuse("has strips that were never written, as GDAL's SPARSE_OK leaves them out; write it whole, or in tiles (TILED=YES)");
    add_note(info_, slide.note);
    fourth_is_alpha_ = page.alpha.has_value();
    page_ = page.index;
  }

  void decode(vips::VImage image) {
    const std::filesystem::path folder = std::filesystem::temp_directory_path();
    const double bytes = 3.0 * image.width() * image.height();
    const auto megabytes = [](double number) { return std::to_string(static_cast<std::int64_t>(number / 1e6)) + " MB"; };
    const double available = static_cast<double>(std::filesystem::space(folder).available);
    const std::string size = std::to_string(image.width()) + " x " + std::to_string(image.height()) + " pixels";
    if (bytes > available) {
      throw core::Error("reading " + info_.path.string() + ": it can't be read in pieces, and its " + size + " take " + megabytes(bytes) +
                        ", but " + folder.string() + " has " + megabytes(available) +
                        " left; set TMPDIR to a larger folder, or write it as a tiled TIFF");
    }
    if (image.interpretation() == VIPS_INTERPRETATION_MULTIBAND && image.bands() >= 3)
      image = image.copy(vips::VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
    image = image.colourspace(VIPS_INTERPRETATION_sRGB);
    if (image.has_alpha() && fourth_is_alpha_)
      image = image.flatten(vips::VImage::option()->set("background", std::vector<double>{255, 255, 255}));
    image.cast(VIPS_FORMAT_UCHAR).extract_band(0, vips::VImage::option()->set("n", 3)).rawsave_fd(file_.get());
    add_note(info_, "it can't be read in pieces: its " + size + " were decoded at once, " + megabytes(bytes) + " in " + folder.string());
  }

  int page_ = 0;                 ///< of a TIFF
  bool fourth_is_alpha_ = true;  ///< of a TIFF it may be anything
};

}  // namespace

std::unique_ptr<PyramidFile> open_decoded(const std::filesystem::path& path, ImageKind::Format format) {
  return std::make_unique<DecodedFile>(path, format);
}

std::unique_ptr<PyramidFile> open_vips(const std::filesystem::path& path) { return std::make_unique<VipsFile>(path); }

}  // namespace wsi_lpd::image
