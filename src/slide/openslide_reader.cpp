#include "openslide_reader.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "describe.hpp"
#include "openslide_handle.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::slide {
namespace {

// Side of the pieces that OpenSlide is asked for: ARGB takes 4 bytes a pixel, and past 4096 OpenSlide cuts regions itself at positions that
// it rounds down to whole level-0 pixels.
constexpr std::int64_t kPiece = 2048;

/// µm/px along one axis from the TIFF resolution tags, which count pixels per centimetre or inch.
std::optional<double> mpp_from_tiff_tags(openslide_t* slide, const char* resolution_name) {
  const auto resolution = number_property(slide, resolution_name);
  const auto unit = text_property(slide, "tiff.ResolutionUnit");
  if (!resolution || !unit || *resolution <= 0) return {};
  const double micrometres = *unit == "centimeter" ? 10000 : *unit == "inch" ? 25400 : 0;
  return micrometres > 0 ? std::optional(micrometres / *resolution) : std::nullopt;
}

void read_resolution(openslide_t* slide, const OpenOptions& options, Properties& properties) {
  auto x = number_property(slide, OPENSLIDE_PROPERTY_NAME_MPP_X);
  auto y = number_property(slide, OPENSLIDE_PROPERTY_NAME_MPP_Y);
  std::string source = "slide";
  if ((!x && !y) || properties.vendor == kGenericTiff) {  // whose µm/px OpenSlide 4 takes from the same tags, unchecked
    x = mpp_from_tiff_tags(slide, "tiff.XResolution");
    y = mpp_from_tiff_tags(slide, "tiff.YResolution");
    source = "tiff tags";
  }
  set_resolution(properties, options, x, y, source);
}

/// OpenSlide 3 with Debian 12's libtiff gives other pixels than the file's, without an error, where a level is smaller than one of its
/// tiles. OpenSlide 4 also reads DICOM, whose small levels are all so.
bool is_misread(openslide_t* slide, std::int32_t level, const core::Size& size) {
  if (!is_openslide_3()) return false;
  const std::string prefix = "openslide.level[" + std::to_string(level) + "].tile-";
  return static_cast<double>(size.width) < number_property(slide, (prefix + "width").c_str()).value_or(0) ||
         static_cast<double>(size.height) < number_property(slide, (prefix + "height").c_str()).value_or(0);
}

void read_levels(openslide_t* slide, Properties& properties) {
  const std::string name = properties.path.string();
  const std::int32_t count = openslide_get_level_count(slide);
  if (count < 1)
    throw core::Error(name + ": the slide has no image levels; the file is damaged or of a kind that OpenSlide reads only in part");
  for (std::int32_t i = 0; i < count; ++i) {
    core::Size size;
    openslide_get_level_dimensions(slide, i, &size.width, &size.height);
    check_size(properties, static_cast<std::size_t>(i), size);
    if (i > 0 && !has_shape_of_level0(properties, size)) break;  // nor can coarser ones be trusted
    if (is_misread(slide, i, size)) {
      if (i > 0) break;  // nor is a coarser one of use
      throw core::Error(name + ": the image of " + std::to_string(size.width) + " x " + std::to_string(size.height) +
                        " pixels is smaller than one of its tiles, which OpenSlide reads wrongly; write it with smaller tiles");
    }
    add_level(properties, size);
  }
}

void read_bounds(openslide_t* slide, Properties& properties) {
  const core::Size& level0 = properties.levels.front().size;
  const core::Rect all{0, 0, level0.width, level0.height};
  const auto property = [&](const char* name, std::int64_t otherwise) {
    constexpr double limit = 1e10;  // far beyond any slide, and safe to add to
    return std::llround(std::clamp(number_property(slide, name).value_or(static_cast<double>(otherwise)), -limit, limit));
  };
  const core::Rect bounds{property(OPENSLIDE_PROPERTY_NAME_BOUNDS_X, 0), property(OPENSLIDE_PROPERTY_NAME_BOUNDS_Y, 0),
                          property(OPENSLIDE_PROPERTY_NAME_BOUNDS_WIDTH, level0.width),
                          property(OPENSLIDE_PROPERTY_NAME_BOUNDS_HEIGHT, level0.height)};
  const core::Rect inside = core::intersection(bounds, all);
  properties.bounds = inside.empty() ? all : inside;
}

class OpenSlideReader : public Reader {
 public:
  OpenSlideReader(const std::filesystem::path& path, const OpenOptions& options) : handle_(open_handle(path)) {
    openslide_t* slide = handle_.get();
    properties_.path = path;
    properties_.vendor = text_property(slide, OPENSLIDE_PROPERTY_NAME_VENDOR).value_or("unknown");
    read_levels(slide, properties_);
    read_bounds(slide, properties_);
    read_resolution(slide, options, properties_);
    properties_.objective_power = number_property(slide, OPENSLIDE_PROPERTY_NAME_OBJECTIVE_POWER);
    warn_of_contradictions(properties_, mpp_from_tiff_tags(slide, "tiff.XResolution"));
    if (text_property(slide, "dicom.ImageType[3]") == "RESAMPLED")
      properties_.warnings.push_back(
          "its largest image is a smaller copy of the slide: the file of its series with the full resolution is not "
          "beside it; copy all files of the series");
    const auto colour = text_property(slide, OPENSLIDE_PROPERTY_NAME_BACKGROUND_COLOR);
    if (colour) properties_.background = core::with_context(path.string(), [&] { return core::parse_colour("#" + *colour); });
  }

  const Properties& properties() const override { return properties_; }

  void read(int level, const core::Rect& region, core::ImageView<std::uint8_t> target) const override {
    const core::Size& size = properties_.levels.at(static_cast<std::size_t>(level)).size;
    const core::Rect inside = core::intersection(region, {0, 0, size.width, size.height});
    fill_outside(properties_, region, inside, target);
    for (std::int64_t y = inside.y; y < inside.bottom(); y += kPiece) {
      for (std::int64_t x = inside.x; x < inside.right(); x += kPiece) {
        const core::Rect piece = core::intersection({x, y, kPiece, kPiece}, inside);
        read_piece(level, piece, target.part({piece.x - region.x, piece.y - region.y, piece.width, piece.height}));
      }
    }
  }

 private:
  /// A handle with an error stays in error for good, and another thread's read may have broken the shared one: a failed read is tried once
  /// more on a handle of its own, and only that outcome counts. Whatever it is, a good handle takes the broken one's place.
  void read_piece(int level, const core::Rect& region, core::ImageView<std::uint8_t> target) const {
    std::vector<std::uint32_t> argb(static_cast<std::size_t>(region.width * region.height));
    const Handle shared = current();
    if (try_read(shared.get(), level, region, argb)) {
      try {
        const Handle own = reopen();
        if (const auto reason = try_read(own.get(), level, region, argb)) {
          replace(shared, reopen());
          throw core::Error(*reason);
        }
        replace(shared, own);
      } catch (const core::Error& error) {
        throw read_error(properties_, level, region, error.what());
      }
    }
    convert(argb, target);
  }

  Handle reopen() const {
    Handle fresh = open_handle(properties_.path);
    Properties now;
    read_levels(fresh.get(), now);
    const auto same = [](const Level& a, const Level& b) { return a.size == b.size; };
    if (!std::ranges::equal(now.levels, properties_.levels, same)) throw core::Error("the file has been replaced by another slide");
    return fresh;
  }

  /// OpenSlide wants a level-0 position and divides it by its own ratio, which need not be an integer: the nearest one is at most half a
  /// level-0 pixel off. Returns OpenSlide's reason when it fails.
  static std::optional<std::string> try_read(openslide_t* slide, int level, const core::Rect& region, std::vector<std::uint32_t>& argb) {
    const double reported = openslide_get_level_downsample(slide, level);
    const auto level0 = [&](std::int64_t position) { return std::llround(static_cast<double>(position) * reported); };
    openslide_read_region(slide, argb.data(), level0(region.x), level0(region.y), level, region.width, region.height);
    const char* error = openslide_get_error(slide);
    return error ? std::optional<std::string>(error) : std::nullopt;
  }

  Handle current() const {
    const std::lock_guard lock(mutex_);
    return handle_;
  }
  void replace(const Handle& broken, const Handle& fresh) const {
    const std::lock_guard lock(mutex_);
    if (handle_ == broken) handle_ = fresh;
  }

  /// Premultiplied ARGB over the background colour.
  void convert(const std::vector<std::uint32_t>& argb, core::ImageView<std::uint8_t> target) const {
    const core::Colour& background = properties_.background;
    const std::uint32_t* from = argb.data();
    for (std::int64_t y = 0; y < target.height; ++y) {
      std::uint8_t* to = target.row(y);
      for (std::int64_t x = 0; x < target.width; ++x, to += 3) {
        const std::uint32_t pixel = *from++;
        const std::uint32_t rest = 255 - (pixel >> 24U);
        to[0] = static_cast<std::uint8_t>(((pixel >> 16U) & 255U) + (rest * background.red + 127) / 255);
        to[1] = static_cast<std::uint8_t>(((pixel >> 8U) & 255U) + (rest * background.green + 127) / 255);
        to[2] = static_cast<std::uint8_t>((pixel & 255U) + (rest * background.blue + 127) / 255);
      }
    }
  }

  Properties properties_;
  mutable std::mutex mutex_;
  mutable Handle handle_;
};

}  // namespace

std::unique_ptr<Reader> open_with_openslide(const std::filesystem::path& path, const OpenOptions& options) {
  return std::make_unique<OpenSlideReader>(path, options);
}

}  // namespace wsi_lpd::slide
