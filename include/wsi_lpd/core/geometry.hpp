#pragma once
#include <cstdint>
#include <vector>

namespace wsi_lpd::core {

// Frames. Every coordinate in this library is in one of these, and names say which:
//   level-0  pixels of the slide's full resolution, origin at the top left of the slide file
//   level    pixels of one pyramid level of the slide, origin as of level-0
//   output   pixels of the result: origin at the top left of the slide's bounds, at the model's µm/px
//   grid     cells of the network's class maps: `grid_stride` output pixels wide
// Pixel (x, y) covers [x, x+1) × [y, y+1); its centre is (x + 0.5, y + 0.5).

struct Size {
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool operator==(const Size&) const = default;
  std::int64_t area() const { return width * height; }
};

struct Rect {
  std::int64_t x = 0;
  std::int64_t y = 0;
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool operator==(const Rect&) const = default;
  std::int64_t right() const { return x + width; }
  std::int64_t bottom() const { return y + height; }
  bool empty() const { return width <= 0 || height <= 0; }
};

struct Point {
  double x = 0, y = 0;
  bool operator==(const Point&) const = default;
};
/// Corners of a closed line; the last is joined to the first.
using Ring = std::vector<Point>;
/// An area between rings, whatever their direction: a point is inside where a line from it to far away crosses the rings an odd number of
/// times (the even-odd rule).
using Polygon = std::vector<Ring>;

/// The common part of two rectangles; empty (zero size) when they do not meet.
constexpr Rect intersection(const Rect& a, const Rect& b) {
  const std::int64_t left = a.x > b.x ? a.x : b.x;
  const std::int64_t top = a.y > b.y ? a.y : b.y;
  const std::int64_t right = a.x + a.width < b.x + b.width ? a.x + a.width : b.x + b.width;
  const std::int64_t bottom = a.y + a.height < b.y + b.height ? a.y + a.height : b.y + b.height;
  if (right <= left || bottom <= top) return {left, top, 0, 0};
  return {left, top, right - left, bottom - top};
}

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// How the output frame lies on a slide. Computed once, by `make_frame`, and carried.
struct Frame {
  Rect bounds;           ///< level-0: the part of the slide that is handled
  double scale = 1;      ///< level-0 pixels per output pixel
  Size size;             ///< output pixels
  double mpp = 0;        ///< µm per output pixel; 0 when neither slide nor model knows
  double slide_mpp = 0;  ///< µm per level-0 pixel; 0 when unknown

  /// How many output pixels a level-0 pixel becomes, per side. Above 1 the output has more pixels than the scanner recorded.
  double enlargement() const { return 1 / scale; }
  /// The one expression that places an output coordinate in level-0 pixels: no accumulation, no drift.
  double level0_x_from_output(double x) const { return static_cast<double>(bounds.x) + x * scale; }
  double level0_y_from_output(double y) const { return static_cast<double>(bounds.y) + y * scale; }
};

/// The output frame of a slide with `bounds` and `slide_mpp` (µm/px of level 0) for a model of `model_mpp`.
/// Either unknown (0): level 0 is taken as it is, scale 1. Throws Error when the output would be empty or past 2^31 on a side.
Frame make_frame(const Rect& bounds, double slide_mpp, double model_mpp);

}  // namespace wsi_lpd::core
