#include "nuclei.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "noise.hpp"

namespace wsi_lpd::synth {
namespace {

/// One kind of nucleus, on a jittered grid of its own. Lengths in µm.
struct Kind {
  int tissue;                      // the class whose regions it lives in
  double pitch;                    // of its grid
  double presence;                 // share of grid cells with one
  double cluster;                  // period of the noise that gathers them, 0 spreads them evenly
  double radius_low, radius_high;  // along
  double aspect_low, aspect_high;  // across / along
  double density;                  // optical density of haematoxylin
  double hollow;                   // how much paler its centre is, 0…1
  bool along_fibres;
};

constexpr std::array kKinds{
    Kind{0, 9.5, 1.0, 45, 3.8, 7.0, 0.65, 1.0, 0.75, 0.55, false},  // tumour: large, pleomorphic, vesicular, in nests
    Kind{1, 15.0, 0.50, 0, 5.5, 9.0, 0.16, 0.28, 0.95, 0.0, true},  // stroma: spindles along the fibres
    Kind{1, 23.0, 0.10, 60, 2.3, 2.8, 0.9, 1.0, 1.1, 0.1, false},   // stroma: a few lymphocytes
    Kind{2, 6.6, 0.72, 25, 2.3, 3.0, 0.85, 1.0, 1.1, 0.1, false},   // lymphocytes: small, round, dark, in clusters
    Kind{3, 5.5, 0.40, 30, 0.6, 1.5, 0.5, 1.0, 1.2, 0.0, false},    // necrosis: debris
    Kind{3, 15.0, 0.55, 0, 4.5, 6.5, 0.7, 1.0, 0.30, 1.0, false},   // necrosis: ghosts, outlines only
};

/// What stands between the outline of one nucleus and the pixels it darkens.
struct Nucleus {
  double x, y, cosine, sine, along, across;
};

void splat(std::uint64_t seed, const Kind& kind, const Nucleus& nucleus, const core::Rect& region, double mpp, std::vector<float>& plane) {
  const double reach = 1.2 * nucleus.along;
  const auto low = [&](double centre, std::int64_t from) { return std::max<std::int64_t>(0, std::llround((centre - reach) / mpp) - from); };
  const auto high = [&](double centre, std::int64_t from, std::int64_t length) {
    return std::min<std::int64_t>(length, std::llround((centre + reach) / mpp) + 1 - from);
  };
  const double edge = 0.8 / nucleus.across;  // softness of the outline: about 0.8 µm
  const std::int64_t right = high(nucleus.x, region.x, region.width), bottom = high(nucleus.y, region.y, region.height);
  for (std::int64_t j = low(nucleus.y, region.y); j < bottom; ++j) {
    for (std::int64_t i = low(nucleus.x, region.x); i < right; ++i) {
      const double x = (static_cast<double>(region.x + i) + 0.5) * mpp, y = (static_cast<double>(region.y + j) + 0.5) * mpp;
      const double dx = x - nucleus.x, dy = y - nucleus.y;
      const double u = (dx * nucleus.cosine + dy * nucleus.sine) / nucleus.along;
      const double v = (dy * nucleus.cosine - dx * nucleus.sine) / nucleus.across;
      double squared = u * u + v * v;
      if (squared > 1.5) continue;
      const double grain = noise(seed, x / 1.6, y / 1.6);  // uneven outline and coarse chromatin
      squared *= 0.8 + 0.4 * grain;
      const double cover = smooth_step((1 - std::sqrt(squared)) / edge + 0.5);
      const double inside = 1 - kind.hollow * (1 - std::min(1.0, squared)) * (1.2 - 0.6 * grain);
      float& pixel = plane[static_cast<std::size_t>(j * region.width + i)];
      pixel = std::max(pixel, static_cast<float>(kind.density * cover * std::max(0.0, inside)));
    }
  }
}

}  // namespace

std::vector<float> paint_nuclei(std::uint64_t seed, const TissueMap::Window& window, const core::Rect& region, double mpp) {
  std::vector<float> plane(static_cast<std::size_t>(region.width * region.height), 0.F);
  const Area area = Area{static_cast<double>(region.x) * mpp, static_cast<double>(region.y) * mpp,
                         static_cast<double>(region.right()) * mpp, static_cast<double>(region.bottom()) * mpp};
  for (const Kind& kind : kKinds) {
    seed = hash(seed, 1);
    const Area reach = area.grown(1.2 * kind.radius_high);
    const auto first = [&](double edge) { return static_cast<std::int64_t>(std::floor(edge / kind.pitch)); };
    for (std::int64_t j = first(reach.top); j <= first(reach.bottom); ++j) {
      for (std::int64_t i = first(reach.left); i <= first(reach.right); ++i) {
        Dice dice(hash(seed, i, j));
        Nucleus nucleus{};
        nucleus.x = (static_cast<double>(i) + dice.roll(0.12, 0.88)) * kind.pitch;
        nucleus.y = (static_cast<double>(j) + dice.roll(0.12, 0.88)) * kind.pitch;
        if (nucleus.x < reach.left || nucleus.x > reach.right || nucleus.y < reach.top || nucleus.y > reach.bottom) continue;
        const double crowd = kind.cluster > 0 ? 0.35 + 1.3 * noise(seed + 1, nucleus.x / kind.cluster, nucleus.y / kind.cluster) : 1;
        if (dice.roll() > kind.presence * crowd) continue;
        const Place place = window.at(nucleus.x, nucleus.y);
        if (place.depth < 1 || place.site->kind != kind.tissue) continue;
        const double turn = kind.along_fibres ? dice.roll(-0.25, 0.25) : dice.roll(0, std::numbers::pi);
        const double cosine = std::cos(turn), sine = std::sin(turn);
        nucleus.cosine = kind.along_fibres ? place.site->cosine * cosine - place.site->sine * sine : cosine;
        nucleus.sine = kind.along_fibres ? place.site->sine * cosine + place.site->cosine * sine : sine;
        nucleus.along = dice.roll(kind.radius_low, kind.radius_high);
        nucleus.across = nucleus.along * dice.roll(kind.aspect_low, kind.aspect_high);
        splat(seed + 2, kind, nucleus, region, mpp, plane);
      }
    }
  }
  return plane;
}

}  // namespace wsi_lpd::synth
