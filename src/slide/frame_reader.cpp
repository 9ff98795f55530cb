#include "wsi_lpd/slide/frame_reader.hpp"

#include <algorithm>
#include <cmath>

namespace wsi_lpd::slide {
namespace {

constexpr std::int64_t kReadAtOnce = std::int64_t{16} << 20;  // level pixels that read_readable holds at once
constexpr std::int64_t kSmallestUnreadable = 128;             // output pixels: each try opens the slide anew

/// The coarsest level that is still at least as fine as `scale` level-0 pixels a pixel.
int best_level(const Properties& properties, double scale) {
  int best = 0;
  for (std::size_t i = 0; i < properties.levels.size(); ++i) {
    const Level& level = properties.levels[i];
    const bool fine_enough = std::max(level.downsample_x, level.downsample_y) <= scale * (1 + 1e-6);
    if (fine_enough && level.downsample_x > properties.levels[static_cast<std::size_t>(best)].downsample_x) best = static_cast<int>(i);
  }
  return best;
}

}  // namespace

FrameReader::FrameReader(const Reader& reader, const core::Frame& frame)
    : reader_(reader), frame_(frame), level_(best_level(reader.properties(), frame.scale)) {}

// The level pixels that `region` (output) touches, at least one: a level may end a fraction of a pixel before the slide does.
core::Rect FrameReader::level_region(const core::Rect& region) const {
  const Level& level = reader_.properties().levels[static_cast<std::size_t>(level_)];
  const auto span = [](double begin, double end, double downsample, std::int64_t size) {
    constexpr double kRounding = 1e-6;  // of a pixel: not worth another row
    const auto first = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(begin / downsample + kRounding)), 0, size - 1);
    return std::pair{first, std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(end / downsample - kRounding)), first + 1, size)};
  };
  const auto [left, right] = span(frame_.level0_x_from_output(static_cast<double>(region.x)),
                                  frame_.level0_x_from_output(static_cast<double>(region.right())), level.downsample_x, level.size.width);
  const auto [top, bottom] = span(frame_.level0_y_from_output(static_cast<double>(region.y)),
                                  frame_.level0_y_from_output(static_cast<double>(region.bottom())), level.downsample_y, level.size.height);
  return {left, top, right - left, bottom - top};
}

std::int64_t FrameReader::cost(const core::Rect& region) const {
  const core::Rect from = level_region(region);
  return from.width * from.height;
}

void FrameReader::read(const core::Rect& region, core::ImageView<std::uint8_t> target) const {
  const Properties& properties = reader_.properties();
  const core::Rect inside = core::intersection(region, {0, 0, frame_.size.width, frame_.size.height});
  if (inside != region) core::fill(target, properties.background);
  if (inside.empty()) return;
  const Level& level = properties.levels[static_cast<std::size_t>(level_)];
  const core::Rect from = level_region(inside);
  const auto into = target.part({inside.x - region.x, inside.y - region.y, inside.width, inside.height});
  const double origin_x = frame_.level0_x_from_output(static_cast<double>(inside.x)) / level.downsample_x - static_cast<double>(from.x);
  const double origin_y = frame_.level0_y_from_output(static_cast<double>(inside.y)) / level.downsample_y - static_cast<double>(from.y);
  const double scale_x = frame_.scale / level.downsample_x;
  const double scale_y = frame_.scale / level.downsample_y;
  const bool pixel_for_pixel = scale_x == 1 && scale_y == 1 && origin_x == 0 && origin_y == 0;
  if (pixel_for_pixel && from.width == inside.width && from.height == inside.height) return reader_.read(level_, from, into);
  core::Image pixels(from.width, from.height, 3);
  reader_.read(level_, from, pixels.view());
  core::resample_area(pixels.view(), origin_x, origin_y, scale_x, scale_y, into);
}

void FrameReader::read_readable(const core::Rect& region, core::ImageView<std::uint8_t> target, std::vector<core::Rect>* unreadable) const {
  const auto halves = [](const core::Rect& part) {
    const bool across = part.width >= part.height;
    const std::int64_t half = (across ? part.width : part.height) / 2;
    return across
               ? std::pair{core::Rect{part.x, part.y, half, part.height}, core::Rect{part.x + half, part.y, part.width - half, part.height}}
               : std::pair{core::Rect{part.x, part.y, part.width, half}, core::Rect{part.x, part.y + half, part.width, part.height - half}};
  };
  const auto view_of = [&](const core::Rect& part) { return target.part({part.x - region.x, part.y - region.y, part.width, part.height}); };
  // Halves what is too large to be read at once, and what can't be read as a whole.
  const auto try_reading = [&](const auto& self, const core::Rect& part) -> void {
    const bool single = part.width == 1 && part.height == 1;
    if (single || cost(part) <= kReadAtOnce) {
      try {
        return read(part, view_of(part));
      } catch (const ReadError&) {
        if (part.width <= kSmallestUnreadable && part.height <= kSmallestUnreadable) {
          core::fill(view_of(part), reader_.properties().background);
          if (unreadable) unreadable->push_back(part);
          return;
        }
      }
    }
    const auto [first, second] = halves(part);
    self(self, first);
    self(self, second);
  };
  try_reading(try_reading, region);
}

core::Image thumbnail(const Reader& reader, std::int64_t longest, std::vector<core::Rect>* unreadable) {
  const core::Rect& bounds = reader.properties().bounds;
  core::Frame frame;
  frame.bounds = bounds;
  frame.scale = std::max(1.0, static_cast<double>(std::max(bounds.width, bounds.height)) / static_cast<double>(longest));
  const auto side = [&](std::int64_t length) {
    return std::clamp<std::int64_t>(std::llround(static_cast<double>(length) / frame.scale), 1, longest);
  };
  frame.size = {side(bounds.width), side(bounds.height)};
  const FrameReader frame_reader(reader, frame);
  core::Image result(frame.size.width, frame.size.height, 3);
  frame_reader.read_readable({0, 0, frame.size.width, frame.size.height}, result.view(), unreadable);
  return result;
}

}  // namespace wsi_lpd::slide
