#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "wsi_lpd/pipeline/segment/segmenter.hpp"

namespace wsi_lpd::pipeline::segment {

/// How activations become class maps that can be compared.
enum class Normalisation {
  Calibrated,  ///< maps alike everywhere on a slide; presence by what training has taught, over neighbouring tiles
  Tile,        ///< by each tile's own range, as the paper's evaluation does for patches
};

/// What the encoder computes in; the head is float32 always.
enum class Arithmetic {
  Auto,  ///< bfloat16 where the device is faster with it and a sample of the slide gets the same labels (kEnoughAgreement), else float32
  Bfloat16,
  Float32,
};
inline constexpr double kEnoughAgreement = 0.995;

struct LpdSegmenterOptions {
  std::string device = "cpu";  ///< as model::runtime::resolve_device gives it
  Normalisation normalisation = Normalisation::Calibrated;
  Arithmetic arithmetic = Arithmetic::Auto;
};

/// A trained LPD model. On the CPU `await` computes in the calling thread, on that thread alone; on a GPU `submit` queues copies and
/// kernels on a stream of its own and `await` waits for them. Throws Error: no sound model file, the device can't be used, no calibration
/// where one is asked for.
std::unique_ptr<Segmenter> load_lpd_segmenter(const std::filesystem::path& model, const LpdSegmenterOptions& options = {});

}  // namespace wsi_lpd::pipeline::segment
