#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/calibration.hpp"
#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/stain.hpp"

namespace wsi_lpd::pipeline::segment {

/// Pixels of a batch of tiles, RGB bytes [B, T, T, 3], in memory that the segmenter chose (page-locked for a GPU). Move-only, so that a
/// batch has one owner on its way.
class TileBuffer {
 public:
  virtual ~TileBuffer() = default;
  virtual std::uint8_t* data() = 0;
};

/// What the network says of a batch of B tiles, on the grid of cells `grid_stride` output pixels wide, g = T / grid_stride.
struct TileResults {
  int count = 0;
  std::vector<float> maps;        ///< [B, C, g, g]: 0…1; to be gated (ScoreGate) where there is a `Shape::presence`
  std::vector<float> score_maps;  ///< [B, C, s, s], s = T / score_stride: maps whose means are the scores; empty without a presence
  std::vector<float> scores;      ///< [B, C]: image-level scores
  std::vector<float> prototypes;  ///< [B, C·k]: peak activation of each prototype
  std::vector<float> features;    ///< [B, D]: mean stage-4 feature
};

/// Arithmetic of the network, and how it was found good.
struct Precision {
  std::string name = "fp32";        ///< or "bf16"
  std::optional<double> agreement;  ///< share of a sample's labels that are as in fp32, where that was measured
};

/// Tiles in, class maps out: the pipeline's view of a network. One thread at a time calls choose_precision and submit; shape, allocate and
/// await are thread-safe, beside those too.
class Segmenter {
 public:
  struct Shape {
    core::ClassScheme classes;
    int prototypes_per_class = 0;
    int feature_size = 0;
    int grid_stride = 8;    ///< output pixels per cell; tile sizes are multiples of `tile_multiple`
    int score_stride = 16;  ///< output pixels per cell of the score maps
    int tile_multiple = 32;
    int patch_size = 224;         ///< pixels of its training images: the natural tile
    double mpp = 0;               ///< µm/px it expects, 0 if unknown
    core::StainStatistics stain;  ///< of its training images
    core::Calibration presence;   ///< what scores say of classes; empty where the maps hold that already
  };
  /// A batch handed to the device.
  class Pending {
   public:
    virtual ~Pending() = default;
  };

  virtual ~Segmenter() = default;
  virtual const Shape& shape() const = 0;
  /// Memory for `count` tiles of `tile` pixels.
  virtual std::unique_ptr<TileBuffer> allocate(int count, int tile) const = 0;
  /// Chooses the arithmetic of batches that are submitted from now on, by a sample of a slide's tiles. The base class knows one.
  virtual Precision choose_precision(std::unique_ptr<TileBuffer> /*sample*/, int /*count*/, int /*tile*/) { return {}; }
  /// Hands `count` tiles to the device; returns at once on a GPU.
  virtual std::unique_ptr<Pending> submit(std::unique_ptr<TileBuffer> tiles, int count, int tile) = 0;
  /// Waits for (on the CPU: computes) the results. They do not depend on the thread or on other batches.
  virtual TileResults await(std::unique_ptr<Pending> pending) const = 0;
};

}  // namespace wsi_lpd::pipeline::segment
