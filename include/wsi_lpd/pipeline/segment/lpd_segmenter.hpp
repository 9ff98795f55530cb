#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "wsi_lpd/pipeline/segment/segmenter.hpp"

namespace wsi_lpd::pipeline::segment {

/// How activations are normalised to class maps.
enum class Normalisation {
  Calibrated,  ///< the same mapping for the whole slide; class presence from the calibration, averaged over neighbouring tiles (ScoreGate)
  Tile,        ///< by each tile's own range, as in the paper's evaluation of patches
};

/// The number format of the encoders, the network's and the presence head's. The heads always compute in float32.
enum class Arithmetic {
  Auto,  ///< the first of Int8 and Bfloat16 that the device is faster with and that gives a sample of the slide the same labels
         ///< (kEnoughAgreement), else Float32
  Int8,  ///< the products of the network's encoder in 8-bit integers, for the ranges that its layers have on a sample of the slide; what
         ///< lies between them, and the presence head's encoder, in bfloat16 if the device is faster with it, else in float32
  Bfloat16,
  Float32,
};
/// Least share of equal labels in the sample for Arithmetic::Auto to use another format than float32.
inline constexpr double kEnoughAgreement = 0.995;

struct LpdSegmenterOptions {
  std::string device = "cpu";  ///< as returned by model::runtime::resolve_device
  Normalisation normalisation = Normalisation::Calibrated;
  Arithmetic arithmetic = Arithmetic::Auto;
  /// Class presence from the network's own scores, although the model has a presence head. Normalisation::Tile knows no other.
  bool own_presence = false;
  /// The features of tiles are those of the presence head's encoder, which then sees every tile; else the network's own.
  bool encoder_features = false;
};

/// Loads a trained LPD model. On the CPU, `await` computes in the calling thread alone; meanwhile at::set_num_threads(1) is in force, which
/// is restored afterwards. On a GPU, `submit` queues copies and kernels on a stream of its own and `await` waits for them. Throws Error
/// when the model file is not valid, or Calibrated is asked for and the model has no calibration; UsageError when the device can't be used,
/// or the features of an encoder are asked for that is not there or not used. `await` throws Error if the network or the encoder gives
/// values that are not finite, in float32, too.
std::unique_ptr<Segmenter> load_lpd_segmenter(const std::filesystem::path& model, const LpdSegmenterOptions& options = {});

}  // namespace wsi_lpd::pipeline::segment
