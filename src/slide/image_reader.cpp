#include "image_reader.hpp"

#include "describe.hpp"
#include "wsi_lpd/image/pyramid_file.hpp"

namespace wsi_lpd::slide {
namespace {

/// What OpenSlide does not open, through libvips and libtiff.
class ImageReader : public Reader {
 public:
  ImageReader(const std::filesystem::path& path, const OpenOptions& options) : file_(image::PyramidFile::open(path)) {
    const image::PyramidFile::Info& info = file_->info();
    properties_.path = path;
    properties_.vendor = info.format;
    properties_.note = info.note;
    for (const core::Size& size : info.levels) {
      check_size(properties_, properties_.levels.size(), size);
      add_level(properties_, size);
    }
    properties_.bounds = {0, 0, info.levels.front().width, info.levels.front().height};
    set_resolution(properties_, options, info.mpp_x, info.mpp_y, info.mpp_source);
    warn_of_contradictions(properties_, info.tags_mpp);
  }

  const Properties& properties() const override { return properties_; }

  void read(int level, const core::Rect& region, core::ImageView<std::uint8_t> target) const override {
    const core::Size& size = properties_.levels.at(static_cast<std::size_t>(level)).size;
    const core::Rect inside = core::intersection(region, {0, 0, size.width, size.height});
    fill_outside(properties_, region, inside, target);
    if (inside.empty()) return;
    try {
      file_->read(level, inside, target.part({inside.x - region.x, inside.y - region.y, inside.width, inside.height}));
    } catch (const core::Error& error) {
      throw read_error(properties_, level, inside, error.what());
    }
  }

 private:
  std::unique_ptr<image::PyramidFile> file_;
  Properties properties_;
};

}  // namespace

std::unique_ptr<Reader> open_image(const std::filesystem::path& path, const OpenOptions& options) {
  try {
    return std::make_unique<ImageReader>(path, options);
  } catch (const core::UsageError&) {
    throw;
  } catch (const core::Error& error) {
    const std::string doing = "reading " + path.string() + ": ", why = error.what();
    throw core::Error(why.starts_with(doing) ? path.string() + ": " + why.substr(doing.size()) : why);
  }
}

}  // namespace wsi_lpd::slide
