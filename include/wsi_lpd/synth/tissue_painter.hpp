#pragma once
#include <cstdint>
#include <memory>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::synth {

struct PainterOptions {
  std::uint64_t seed = 0;
  double mpp = 0.5;              ///< µm per pixel of what is painted
  double tissue_fraction = 0.6;  ///< share of the picture that is tissue, the rest glass; 1 means tissue everywhere
  double stain_variation = 1;    ///< 0: the same stain in every picture
};

/// A procedural H&E-like picture of any size, a pure function of seed and position: any region can be painted in any order, by any
/// thread, and always gets the same pixels. Members are thread-safe; copies are cheap, because they share what was worked out once.
/// Classes: 0 TUM, 1 STR, 2 LYM, 3 NEC; 4 is glass. They differ in texture (density, size and shape of nuclei, fibres, clusters, debris);
/// their mean colours overlap, so that colour alone does not tell them apart.
class TissuePainter {
 public:
  TissuePainter(core::Size size, const PainterOptions& options);
  /// Paints `region` (pixels of the picture): RGB into `rgb`, class values into `truth`, both of the region's size.
  void paint(const core::Rect& region, core::ImageView<std::uint8_t> rgb, core::ImageView<std::uint8_t> truth) const;
  static core::ClassScheme classes();
  static constexpr std::uint8_t kGlass = 4;

 private:
  struct Impl;
  core::Size size_;
  PainterOptions options_;
  std::shared_ptr<const Impl> impl_;  // immutable: copies share it
};

}  // namespace wsi_lpd::synth
