#include "wsi_lpd/core/tissue_mask.hpp"

#include <algorithm>
#include <cmath>

namespace wsi_lpd::core {

bool TissueMask::any(double left, double top, double right, double bottom) const {
  if (mask.empty()) return false;
  const double cells_x = static_cast<double>(mask.width()) / static_cast<double>(area.width);
  const double cells_y = static_cast<double>(mask.height()) / static_cast<double>(area.height);
  const auto first = [](double position) { return std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(position))); };
  const auto last = [](double position, std::int64_t size) { return std::min(size, static_cast<std::int64_t>(std::ceil(position))); };
  const std::int64_t x0 = first((left - static_cast<double>(area.x)) * cells_x);
  const std::int64_t y0 = first((top - static_cast<double>(area.y)) * cells_y);
  const std::int64_t x1 = last((right - static_cast<double>(area.x)) * cells_x, mask.width());
  const std::int64_t y1 = last((bottom - static_cast<double>(area.y)) * cells_y, mask.height());
  for (std::int64_t y = y0; y < y1; ++y) {
    for (std::int64_t x = x0; x < x1; ++x) {
      if (*mask.at(x, y)) return true;
    }
  }
  return false;
}

bool TissueMask::at(double level0_x, double level0_y) const {
  const double x = (level0_x - static_cast<double>(area.x)) * static_cast<double>(mask.width()) / static_cast<double>(area.width);
  const double y = (level0_y - static_cast<double>(area.y)) * static_cast<double>(mask.height()) / static_cast<double>(area.height);
  if (mask.empty() || x < 0 || y < 0 || x >= static_cast<double>(mask.width()) || y >= static_cast<double>(mask.height())) return false;
  return *mask.at(static_cast<std::int64_t>(x), static_cast<std::int64_t>(y)) != 0;
}

double TissueMask::share(double left, double top, double right, double bottom) const {
  if (mask.empty() || !(right > left) || !(bottom > top)) return 0;
  // Cells that the rectangle covers in part count by that part, along each axis.
  struct Cover {
    std::int64_t first = 0;
    std::vector<double> shares;
  };
  const auto cover = [](double begin, double end, double cells_per_pixel, std::int64_t size) {
    begin = std::clamp(begin * cells_per_pixel, 0.0, static_cast<double>(size));
    end = std::clamp(end * cells_per_pixel, 0.0, static_cast<double>(size));
    Cover covered{static_cast<std::int64_t>(std::floor(begin)), {}};
    for (auto cell = static_cast<double>(covered.first); cell < end; ++cell)
      covered.shares.push_back((std::min(cell + 1, end) - std::max(cell, begin)) / cells_per_pixel);
    return covered;
  };
  const auto area_x = static_cast<double>(area.x), area_y = static_cast<double>(area.y);
  const Cover x = cover(left - area_x, right - area_x, static_cast<double>(mask.width()) / static_cast<double>(area.width), mask.width());
  const Cover y =
      cover(top - area_y, bottom - area_y, static_cast<double>(mask.height()) / static_cast<double>(area.height), mask.height());
  double sum = 0;
  for (std::size_t row = 0; row < y.shares.size(); ++row) {
    for (std::size_t column = 0; column < x.shares.size(); ++column) {
      if (*mask.at(x.first + static_cast<std::int64_t>(column), y.first + static_cast<std::int64_t>(row)))
        sum += y.shares[row] * x.shares[column];
    }
  }
  return sum / ((right - left) * (bottom - top));
}

double TissueMask::fraction() const {
  if (mask.empty()) return 0;
  const std::uint8_t* end = mask.data() + mask.bytes();
  return static_cast<double>(std::count_if(mask.data(), end, [](std::uint8_t v) { return v != 0; })) / static_cast<double>(mask.bytes());
}

TissueRows::TissueRows(const TissueMask& tissue, const Frame& frame)
    : tissue_(tissue), frame_(frame), column_(static_cast<std::size_t>(frame.size.width), -1) {
  const double columns_per_pixel =
      static_cast<double>(tissue.mask.width()) / static_cast<double>(std::max<std::int64_t>(1, tissue.area.width));
  for (std::size_t x = 0; x < column_.size(); ++x) {
    const double level0 = frame.level0_x_from_output(static_cast<double>(x) + 0.5) - static_cast<double>(tissue.area.x);
    const double column = std::floor(level0 * columns_per_pixel);
    if (column >= 0 && column < static_cast<double>(tissue.mask.width())) column_[x] = static_cast<std::int32_t>(column);
  }
}

void TissueRows::select(std::int64_t y) {
  const double level0 = frame_.level0_y_from_output(static_cast<double>(y) + 0.5) - static_cast<double>(tissue_.area.y);
  const double row =
      std::floor(level0 * static_cast<double>(tissue_.mask.height()) / static_cast<double>(std::max<std::int64_t>(1, tissue_.area.height)));
  row_ = row >= 0 && row < static_cast<double>(tissue_.mask.height()) ? tissue_.mask.at(0, static_cast<std::int64_t>(row)) : nullptr;
}

TissueMask intersection(const TissueMask& a, const TissueMask& b) {
  const auto pixel_width = [](const TissueMask& t) { return static_cast<double>(t.area.width) / static_cast<double>(t.mask.width()); };
  const auto pixel_height = [](const TissueMask& t) { return static_cast<double>(t.area.height) / static_cast<double>(t.mask.height()); };
  const bool first = pixel_width(a) <= pixel_width(b);
  const TissueMask& other = first ? b : a;
  TissueMask both = first ? a : b;
  for (std::int64_t y = 0; y < both.mask.height(); ++y) {
    for (std::int64_t x = 0; x < both.mask.width(); ++x) {
      std::uint8_t* pixel = both.mask.at(x, y);
      *pixel = *pixel && other.at(static_cast<double>(both.area.x) + (static_cast<double>(x) + 0.5) * pixel_width(both),
                                  static_cast<double>(both.area.y) + (static_cast<double>(y) + 0.5) * pixel_height(both));
    }
  }
  return both;
}

}  // namespace wsi_lpd::core
