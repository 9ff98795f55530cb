#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "wsi_lpd/model/network/model_info.hpp"

namespace wsi_lpd::model::network {

/// Images as the loader makes them: RGB bytes [B, S, S, 3], image labels [B, C] of 0 or 1.
struct PatchBatch {
  int count = 0;
  int size = 0;
  std::vector<std::uint8_t> rgb;
  std::vector<float> labels;
};
/// Puts `more`, of the same size, behind `batch`.
void append(PatchBatch& batch, const PatchBatch& more);

/// What a model says of one image before anybody says which classes are in it.
struct PatchMaps {
  int size = 0;
  std::vector<float> maps;              ///< [C, S, S] of 0…1: views averaged, scales 2 to 4 fused
  std::vector<float> scores;            ///< [C] as class_scores gives them, of the image as it is
  std::vector<std::uint8_t> crf_image;  ///< [S, S, 3]: the image as the published code hands it to the CRF: BGR, some bytes one lower
};

/// Softmax over C classes and the background (1 − max)^10, [C + 1, N], of fused maps [C, N] of 0…1. Never above e / (e + C). Takes the maps
/// over.
std::vector<float> class_probabilities(std::vector<float> maps, int classes);
/// The same, [C + 1, S, S], of maps times image labels [C]: the paper's protocol when the labels are the true ones.
std::vector<float> class_probabilities(const PatchMaps& patch, std::span<const float> labels);

/// The strongest response to a prototype in an image, and where: in pixels of the image.
struct PrototypePeak {
  float value = 0;  ///< stage 4, logit units
  int x = 0, y = 0;
};

/// A trained model that looks at patches. Not thread-safe; uses LibTorch's own threads.
class PatchModel {
 public:
  struct Impl;  ///< holds LibTorch's part
  explicit PatchModel(std::unique_ptr<Impl> impl);
  PatchModel(PatchModel&&) noexcept;
  ~PatchModel();
  /// `device` and `threads` as in TrainOptions. Throws Error as load_model does.
  static PatchModel load(const std::filesystem::path& path, const std::string& device, int threads);

  const ModelInfo& info() const;
  /// The paper's evaluation: with `all_views` the mean of six (mirrored or not, times 0.9, 1, 1.1), else the image as it is.
  std::vector<PatchMaps> look(const PatchBatch& batch, bool all_views);
  /// [B][P], P = C·k.
  std::vector<std::vector<PrototypePeak>> prototype_peaks(const PatchBatch& batch);
  /// Class of each pixel [B, S, S], 0…C−1, background C, without image labels: by the calibration, as slides are segmented. Throws Error
  /// before calibrate().
  std::vector<std::uint8_t> segment_unlabelled(const PatchBatch& batch);
  /// Learns the calibration from labelled images; `next` gives batches until it returns one with count 0. What the model was judged by with
  /// another calibration no longer holds and is forgotten.
  void calibrate(const std::function<PatchBatch()>& next);
  /// Stain of the images it was trained on; kept in the model file.
  void set_stain(const core::StainStatistics& stain);
  void set_judged(const Judgement& judged);
  /// Writes the model file (through a PartFile).
  void save(const std::filesystem::path& path) const;

  /// LibTorch's part, which the trainer works on: patch_model_impl.hpp.
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::model::network
