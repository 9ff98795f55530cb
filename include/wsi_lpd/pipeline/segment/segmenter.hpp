#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wsi_lpd/core/calibration.hpp"
#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/core/stain.hpp"
#include "wsi_lpd/core/stain_fit.hpp"
#include "wsi_lpd/crf/dense_crf.hpp"

namespace wsi_lpd::pipeline::segment {

/// Pixels of a batch of tiles, RGB bytes [B, T, T, 3], in memory that the segmenter allocates (page-locked for a GPU). Move-only: a batch
/// has one owner at a time.
class TileBuffer {
 public:
  virtual ~TileBuffer() = default;
  virtual std::uint8_t* data() = 0;
};

/// The network's output for a batch of B tiles. A cell of the grid is `grid_stride` output pixels wide, g = T / grid_stride.
struct TileResults {
  int count = 0;
  std::vector<float> maps;        ///< [B, C, g, g] of 0…1; still to be gated (ScoreGate) if `Shape::presence` is not empty
  std::vector<float> score_maps;  ///< [B, C, s, s], s = T / score_stride: maps whose means are the scores, 0 for a tile that was not to be
                                  ///< scored; empty if `Shape::presence` is
  std::vector<float> scores;      ///< [B, C]: image-level scores; NaN for a tile that was not to be scored
  std::vector<float> prototypes;  ///< [B, C·k]: peak activation of each prototype, stage 4, logit units
  std::vector<float> features;    ///< [B, D]: of `Shape::features_of`
  std::vector<float> distances;   ///< [B]: of the tile's features to those of the training images, 1 at the limit (FeatureFit); NaN for a
                                  ///< tile that was not to be scored; empty if the model can't tell
};

/// The number format that the encoder computes in.
struct Precision {
  std::string name = "fp32";        ///< or "bf16" or "int8"
  std::optional<double> agreement;  ///< share of a sample's labels that are the same in fp32 and in the other format that was tried last;
                                    ///< not set: none was
};

/// The pipeline's interface to a network: tiles in, class maps out. choose_precision, adapt_presence and submit may be called by one thread
/// at a time. allocate, await and crf_labels are thread-safe, also while another thread is in one of those; so is shape, but for `presence`
/// while another thread is in adapt_presence.
class Segmenter {
 public:
  struct Shape {
    core::ClassScheme classes;
    int prototypes_per_class = 0;
    int feature_size = 0;
    std::string features_of;  ///< what the features are, for people: "mit_b1, stage 4", or a file's name
    int grid_stride = 8;      ///< output pixels per cell; tile sizes are multiples of `tile_multiple`
    int score_stride = 16;    ///< output pixels per cell of the score maps
    int tile_multiple = 32;
    int only_tile = 0;                        ///< the only tile size that it takes, pixels; 0: any
    int patch_size = 224;                     ///< side of the training images, pixels; tiles should be about as large
    double mpp = 0;                           ///< µm/px that the network expects; 0: unknown
    core::StainStatistics stain;              ///< of the training images
    std::optional<core::StainFit> stain_fit;  ///< how their stains lie, if the model knows it
    core::Calibration presence;               ///< class presence from scores; empty if the maps are gated already
    float local_presence = 0;                 ///< core::ScoreGateOptions::local_weight
    bool adaptive_presence = false;           ///< adapt_presence() can move the thresholds of `presence` to a slide
    bool sparse_scores = false;               ///< scores cost much: only core::sparse_tiles() should be scored
  };
  /// A batch that was submitted.
  class Pending {
   public:
    virtual ~Pending() = default;
  };

  virtual ~Segmenter() = default;
  virtual const Shape& shape() const = 0;
  /// Memory for `count` tiles of `tile` pixels.
  virtual std::unique_ptr<TileBuffer> allocate(int count, int tile) const = 0;
  /// Chooses the number format for the batches submitted from now on, from a sample of a slide's tiles. The base class has only one.
  virtual Precision choose_precision(std::unique_ptr<TileBuffer> /*sample*/, int /*count*/, int /*tile*/) { return {}; }
  /// Moves the thresholds of Shape::presence to a slide, from a sample of its tiles: by the shift [C], in widths, that is returned. Needs
  /// Shape::adaptive_presence. Without a sample they are those of the training, and nothing is returned.
  virtual std::vector<float> adapt_presence(std::unique_ptr<TileBuffer> /*sample*/, int /*count*/, int /*tile*/) { return {}; }
  /// Hands `count` tiles to the device. `scored` [count]: 1 for a tile that is to be scored, else 0. Returns at once on a GPU; on the CPU
  /// nothing is computed yet.
  virtual std::unique_ptr<Pending> submit(std::unique_ptr<TileBuffer> tiles, int count, int tile, std::span<const std::uint8_t> scored) = 0;
  /// Waits for the results; on the CPU, computes them. They do not depend on the thread or on other batches.
  virtual TileResults await(std::unique_ptr<Pending> pending) const = 0;
  /// The most probable of L labels [H, W] for each pixel by the dense CRF (crf::dense_crf), from `probabilities` [L, H, W] and colours
  /// `rgb` [H, W, 3], which have no gaps between rows. On the CPU; a segmenter with a GPU may use that.
  virtual std::vector<std::uint8_t> crf_labels(std::vector<float> probabilities, int labels, core::ImageView<const std::uint8_t> rgb,
                                               const crf::DenseCrfOptions& options) const {
    return crf::most_probable_labels(crf::dense_crf(std::move(probabilities), labels, rgb, options), labels);
  }
  /// One line for people, if since this was asked last there was too little memory for a whole batch, which was then computed in parts,
  /// or for the CRF, which the CPU then computed.
  virtual std::string take_note() { return {}; }
  /// Has the device failed, so that this process can compute nothing more on it? Thread-safe.
  virtual bool is_lost() const { return false; }
};

}  // namespace wsi_lpd::pipeline::segment
