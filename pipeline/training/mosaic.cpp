#include "mosaic.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "wsi_lpd/core/colour_space.hpp"
#include "wsi_lpd/core/counter_random.hpp"
#include "wsi_lpd/core/stain.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

using Density = std::array<float, 3>;  // optical density in red, green, blue

constexpr double kWidestFeather = 4;       // pixels over which the weight of a piece falls by e
constexpr double kStrongestBend = 0.12;    // how far a border is bent, share of the side
constexpr float kKnown = 0.9F;             // weight of its piece above which a pixel's class is known
constexpr float kMostMatch = 2;            // largest factor, and the inverse of the smallest, by which a density is changed
constexpr std::uint64_t kDrawsAPiece = 8;  // random numbers

Density density_of(const std::uint8_t* pixel) {
  const std::array<float, 256>& densities = core::optical_densities();
  return {densities[pixel[0]], densities[pixel[1]], densities[pixel[2]]};
}

bool is_glass(const Density& density) { return (density[0] + density[1] + density[2]) / 3 < static_cast<float>(core::kTissueDensity); }

/// Mean density of the tissue, as a unit vector; nothing of it: a third each.
Density direction_of(const core::Image& image) {
  std::array<double, 3> sum{};
  for (std::size_t i = 0; i < image.bytes(); i += 3) {
    const Density density = density_of(image.data() + i);
    if (is_glass(density)) continue;
    for (std::size_t c = 0; c < 3; ++c) sum[c] += density[c];
  }
  const double length = std::sqrt(sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]);
  if (length == 0) return {1, 1, 1};
  return {static_cast<float>(sum[0] / length), static_cast<float>(sum[1] / length), static_cast<float>(sum[2] / length)};
}

/// How far a place is from a piece: from its centre, along a plane that three waves bend.
class Distance {
 public:
  Distance(std::int64_t side, double bend, std::uint64_t seed, std::uint64_t piece) : bend_(bend * static_cast<double>(side)) {
    auto draw = [&, counter = kDrawsAPiece * piece]() mutable { return core::uniform(seed, counter++); };
    x_ = draw() * static_cast<double>(side);
    y_ = draw() * static_cast<double>(side);
    for (Wave& wave : waves_) {
      const double angle = 2 * std::numbers::pi * draw();
      const double turns = 2 * std::numbers::pi * (1 + 2 * draw()) / static_cast<double>(side);
      wave = {std::cos(angle) * turns, std::sin(angle) * turns, 10 * angle};
    }
  }
  double operator()(double x, double y) const {
    double bent = 0;
    if (bend_ > 0)
      for (const Wave& wave : waves_) bent += std::sin(wave.x * x + wave.y * y + wave.phase);
    return std::hypot(x - x_, y - y_) + bend_ * bent;
  }

 private:
  struct Wave {
    double x, y, phase;
  };
  double bend_, x_ = 0, y_ = 0;
  std::array<Wave, 3> waves_{};
};

}  // namespace

Mosaic make_mosaic(const std::vector<core::Image>& pieces, std::span<const std::uint8_t> classes, std::uint64_t seed) {
  const std::int64_t side = pieces.front().width();
  const std::uint64_t after = kDrawsAPiece * pieces.size();
  const double feather = 0.5 + kWidestFeather * core::uniform(seed, after);
  const double bend = kStrongestBend * std::max(0.0, 2 * core::uniform(seed, after + 1) - 1);  // half of the mosaics have straight borders
  std::vector<Distance> distances;
  std::vector<Density> factors;
  const Density wanted = direction_of(pieces.front());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    distances.emplace_back(side, bend, seed, i);
    const Density own = direction_of(pieces[i]);
    Density& factor = factors.emplace_back();
    for (std::size_t c = 0; c < 3; ++c)
      factor[c] = own[c] > 0 && wanted[c] > 0 ? std::clamp(wanted[c] / own[c], 1 / kMostMatch, kMostMatch) : 1;
  }

  Mosaic mosaic{core::Image(side, side, 3), std::vector<double>(pieces.size()),
                std::vector<std::uint8_t>(static_cast<std::size_t>(side * side), model::network::kUnknownPixel)};
  std::vector<double> weights(pieces.size());
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x) {
      for (std::size_t i = 0; i < pieces.size(); ++i) weights[i] = distances[i](static_cast<double>(x), static_cast<double>(y));
      const double nearest = *std::ranges::min_element(weights);
      double sum = 0;
      for (double& weight : weights) sum += weight = std::exp((nearest - weight) / feather);
      Density mixed{};
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        const auto share = static_cast<float>(weights[i] / sum);
        if (share < 1e-3F) continue;
        const Density density = density_of(pieces[i].at(x, y));
        for (std::size_t c = 0; c < 3; ++c) mixed[c] += share * factors[i][c] * density[c];
      }
      for (std::size_t c = 0; c < 3; ++c)
        mosaic.rgb.at(x, y)[c] = static_cast<std::uint8_t>(std::clamp(256 * std::exp(-mixed[c]) - 0.5F, 0.0F, 255.0F));
      const auto most = static_cast<std::size_t>(std::ranges::max_element(weights) - weights.begin());
      mosaic.shares[most] += 1 / static_cast<double>(side * side);
      if (weights[most] / sum >= kKnown && !is_glass(mixed)) mosaic.classes[static_cast<std::size_t>(y * side + x)] = classes[most];
    }
  }
  return mosaic;
}

}  // namespace wsi_lpd::pipeline::training
