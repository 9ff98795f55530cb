#include "wsi_lpd/synth/tissue_painter.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "noise.hpp"
#include "nuclei.hpp"
#include "tissue_map.hpp"

namespace wsi_lpd::synth {
namespace {

/// What lies between the nuclei of one class: mean optical densities of haematoxylin and eosin, and one noise for fibres or grains
/// (periods in µm along and across the fibres). The means are set so that all classes have nearly the same colour, nuclei included.
struct Ground {
  double blue, pink, along, across, contrast;
};
constexpr std::array<Ground, 4> kGround{{
    {0.10, 0.52, 9, 9, 0.20},      // tumour: smooth cytoplasm
    {0.34, 0.55, 45, 3.2, 0.75},   // stroma: wavy fibres
    {0.08, 0.50, 12, 12, 0.20},    // lymphocytes: little between them
    {0.30, 0.55, 2.2, 2.2, 0.75},  // necrosis: granular
}};

using Channels = std::array<double, 3>;

/// Stain of a picture. Optical density of a channel is blue · haematoxylin + pink · eosin (Ruifrok and Johnston 2001); the unit vectors
/// are the reference of Macenko et al. (2009), varied.
struct Stain {
  Channels haematoxylin{0.5626, 0.7201, 0.4062};
  Channels eosin{0.2159, 0.8012, 0.5581};
  Channels glass{243, 242, 244};

  Stain(std::uint64_t seed, double variation) {
    Dice dice(seed);
    for (Channels* vector : {&haematoxylin, &eosin}) {
      const double strength = std::exp(variation * dice.roll(-0.25, 0.25));
      for (double& part : *vector) part = std::max(0.02, part + variation * dice.roll(-0.07, 0.07)) * strength;
    }
    for (double& part : glass) part += variation * dice.roll(-4, 4);
  }
};

}  // namespace

struct TissuePainter::Impl {
  TissueMap map;
  Stain stain;
};

TissuePainter::TissuePainter(core::Size size, const PainterOptions& options)
    : size_(size),
      options_(options),
      impl_(std::make_shared<const Impl>(Impl{TissueMap(hash(options.seed, 1), static_cast<double>(size.width) * options.mpp,
                                                        static_cast<double>(size.height) * options.mpp, options.tissue_fraction),
                                              Stain(hash(options.seed, 2), options.stain_variation)})) {}

void TissuePainter::paint(const core::Rect& region, core::ImageView<std::uint8_t> rgb, core::ImageView<std::uint8_t> truth) const {
  const double mpp = options_.mpp;
  const Area area{static_cast<double>(region.x) * mpp, static_cast<double>(region.y) * mpp, static_cast<double>(region.right()) * mpp,
                  static_cast<double>(region.bottom()) * mpp};
  const TissueMap::Window window(impl_->map, area.grown(kNucleusReach));
  const std::vector<float> nuclei = paint_nuclei(hash(options_.seed, 3), window, region, mpp);
  const std::uint64_t grain_seed = hash(options_.seed, 4), texture_seed = hash(options_.seed, 5);
  const Stain& stain = impl_->stain;

  for (std::int64_t row = 0; row < region.height; ++row) {
    const double y = (static_cast<double>(region.y + row) + 0.5) * mpp;
    const double shade_y = static_cast<double>(region.y + row) / static_cast<double>(size_.height);
    for (std::int64_t column = 0; column < region.width; ++column) {
      const double x = (static_cast<double>(region.x + column) + 0.5) * mpp;
      const Place place = window.at(x, y);
      Channels light = stain.glass;
      const double shade = 1 - 0.02 * shade_y;
      if (place.site != nullptr) {
        const Site& site = *place.site;
        const Ground& ground = kGround[static_cast<std::size_t>(site.kind)];
        const bool fibres = ground.along > ground.across;  // they follow the bends of the tissue, grains do not
        const double along = fibres ? place.warp_x : x, across = fibres ? place.warp_y : y;
        const double u = (along * site.cosine + across * site.sine) / ground.along;
        const double v = (across * site.cosine - along * site.sine) / ground.across;
        const double texture = ground.contrast * (noise(texture_seed, u, v) - 0.5);
        const double nucleus = nuclei[static_cast<std::size_t>(row * region.width + column)];
        const double cover = place.thickness * smooth_step((place.depth + 1) / 2);
        const double blue = cover * std::max(0.0, ground.blue + site.blue + 0.35 * texture + nucleus);
        const double pink = cover * std::max(0.0, ground.pink + site.pink + texture) * (1 - 0.4 * std::min(1.0, nucleus));
        for (std::size_t c = 0; c < 3; ++c) light[c] *= std::exp(-(blue * stain.haematoxylin[c] + pink * stain.eosin[c]));
      }
      const std::uint64_t grain = hash(grain_seed, region.x + column, region.y + row);
      std::uint8_t* pixel = rgb.at(column, row);
      for (std::size_t c = 0; c < 3; ++c) {
        // The camera: the sum of two uniform numbers, standard deviation about 2.
        const auto bits = grain >> (16 * c);
        const double noise_value = (static_cast<double>((bits & 255) + ((bits >> 8) & 255)) - 255) * (5.0 / 255);
        pixel[c] = static_cast<std::uint8_t>(std::clamp(light[c] * shade + noise_value + 0.5, 0.0, 255.0));
      }
      *truth.at(column, row) = static_cast<std::uint8_t>(place.depth > 0 ? place.site->kind : kGlass);
    }
  }
}

core::ClassScheme TissuePainter::classes() { return core::default_class_scheme(4); }

}  // namespace wsi_lpd::synth
