#include "uncertainty.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "wsi_lpd/core/cell_entropy.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

/// Centres of tiles by squares of level-0 pixels.
class TileCentres {
 public:
  TileCentres(const std::vector<output::TileDistance>& tiles, double tile, double square) : square_(square) {
    for (const output::TileDistance& each : tiles) {
      const float distance = std::fmax(each.features, each.stain);  // that which is known
      if (std::isnan(distance)) continue;
      const double x = static_cast<double>(each.x) + tile / 2, y = static_cast<double>(each.y) + tile / 2;
      squares_[{index(x), index(y)}].push_back({x, y, distance});
    }
  }

  /// The largest distance of the tiles with centres in [x, x + square) × [y, y + square).
  float largest(double x, double y) const {
    float most = kUnknown;
    for (std::int64_t row = index(y); row <= index(y) + 1; ++row) {
      for (std::int64_t column = index(x); column <= index(x) + 1; ++column) {
        const auto found = squares_.find({column, row});
        if (found == squares_.end()) continue;
        for (const auto& [cx, cy, distance] : found->second)
          if (cx >= x && cx < x + square_ && cy >= y && cy < y + square_) most = std::fmax(most, distance);
      }
    }
    return most;
  }

 private:
  struct Centre {
    double x, y;
    float distance;
  };
  std::int64_t index(double at) const { return static_cast<std::int64_t>(std::floor(at / square_)); }

  double square_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<Centre>> squares_;
};

}  // namespace

void rate(std::vector<PatchPlace>& places, const core::Frame& frame, int size, output::ResultReader& result,
          const core::CancelFlag& cancel) {
  const core::Point origin{static_cast<double>(result.bounds().x), static_cast<double>(result.bounds().y)};
  const auto width = static_cast<std::size_t>(result.map().width), classes = static_cast<std::size_t>(result.classes());
  PatchSums sums(places, frame, size, origin, result.cell(), result.map());
  std::vector<std::uint8_t> row(classes * width);
  std::vector<float> values(row.size());
  std::vector<double> before(width + 1);
  for (std::int64_t y = 0; y < result.map().height && sums.wants(y); ++y) {
    core::check(cancel);
    if (!sums.meets(y)) continue;
    result.read_row(y, row);
    std::ranges::transform(row, values.begin(), [](std::uint8_t byte) { return static_cast<float>(byte) / 255; });
    for (std::size_t x = 0; x < width; ++x) before[x + 1] = before[x] + core::cell_entropy(values.data() + x, classes, width);
    sums.add(y, before);
  }
  const TileCentres tiles(result.tiles(), result.tile(), size * frame.scale);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const double mean = sums.mean(i);
    if (std::isnan(mean))
      throw core::Error("its maps are too coarse for patches of " + std::to_string(size) +
                        " pixels: segment the slide with a finer --map-mpp");
    places[i].uncertainty = Uncertainty{mean, tiles.largest(frame.level0_x_from_output(static_cast<double>(places[i].x)),
                                                            frame.level0_y_from_output(static_cast<double>(places[i].y)))};
  }
}

void choose_uncertain(std::vector<PatchPlace>& places, int size, std::int64_t count) {
  const auto value = [&](std::size_t i, bool by_distance) {
    const Uncertainty& of = *places[i].uncertainty;
    return by_distance ? (of.distance > 1 ? of.distance : -1) : of.entropy;
  };
  std::array<std::vector<std::size_t>, 2> orders;
  for (std::size_t by_distance = 0; by_distance < 2; ++by_distance) {
    std::vector<std::size_t>& order = orders[by_distance];
    order.resize(places.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return value(i, by_distance == 1); });
    if (by_distance == 1) std::erase_if(order, [&](std::size_t i) { return value(i, true) < 0; });
  }
  const std::int64_t apart = 2 * std::int64_t{size};
  std::vector<std::size_t> chosen;
  std::vector<std::uint8_t> is_chosen(places.size());
  const auto is_near = [&](std::size_t i) {
    return std::ranges::any_of(
        chosen, [&](std::size_t j) { return std::abs(places[i].x - places[j].x) < apart && std::abs(places[i].y - places[j].y) < apart; });
  };
  for (const bool spread : {true, false}) {
    std::array<std::size_t, 2> next{};
    const auto take = [&](std::size_t by) {
      for (; next[by] < orders[by].size(); ++next[by]) {
        const std::size_t i = orders[by][next[by]];
        if (is_chosen[i] || (spread && is_near(i))) continue;
        is_chosen[i] = 1;
        places[i].uncertainty->chosen_by = by == 0 ? "entropy" : "distance";
        chosen.push_back(i);
        return true;
      }
      return false;
    };
    for (bool goes_on = true; goes_on && static_cast<std::int64_t>(chosen.size()) < count;) {
      goes_on = take(0);
      if (static_cast<std::int64_t>(chosen.size()) < count) goes_on = take(1) || goes_on;
    }
  }
  std::size_t i = 0;
  std::erase_if(places, [&](const PatchPlace&) { return !is_chosen[i++]; });
}

}  // namespace wsi_lpd::pipeline::review
