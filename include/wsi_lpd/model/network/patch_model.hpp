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

/// In PatchBatch::pixels: the class of this pixel is not known.
inline constexpr std::uint8_t kUnknownPixel = 255;

/// A batch of training images: RGB bytes [B, S, S, 3] and image labels [B, C] of 0 or 1, or NaN for an image without.
struct PatchBatch {
  int count = 0;
  int size = 0;
  std::vector<std::uint8_t> rgb;
  std::vector<float> labels;
  std::vector<std::uint8_t> pixels{};  ///< [B, S, S]: class of each pixel, C for the background, or kUnknownPixel; empty: none is known
  std::vector<float> presence{};       ///< [B, C]: a teacher's probability that the class is present, NaN where there is none; or empty
  bool paired = false;                 ///< the second half shows the images of the first half in other stains
  std::int64_t whole = 0;              ///< images of the batch of all processes, if there are several
  std::vector<std::int64_t> rows{};    ///< [B]: which of them these are
};
/// Appends `more`, which must have the same image size, to `batch`. Pixel classes are left out.
void append(PatchBatch& batch, const PatchBatch& more);

/// What a presence head says of one image.
struct HeadScores {
  std::vector<float> scores;  ///< [C], for which PresenceInfo::calibration has the thresholds
  std::vector<float> maps{};  ///< [C, height, width]: of places, means `scores`; empty: the head's encoder does not tell places apart
  std::int64_t height = 0, width = 0;
};

/// A model's output for one image, before image labels are applied.
struct PatchMaps {
  int size = 0;
  std::vector<float> maps;              ///< [C, S, S] of 0…1: views averaged, scales 2 to 4 fused
  std::vector<float> scores;            ///< [C]: class_scores of the unchanged image
  std::vector<std::uint8_t> crf_image;  ///< [S, S, 3]: the image for the CRF as in the published code: BGR, some bytes one lower
};

/// Softmax over C classes and the background (1 − max)^10: [C + 1, N] from fused maps [C, N] of 0…1, which are moved in. Values never
/// exceed e / (e + C). Thread-safe.
std::vector<float> class_probabilities(std::vector<float> maps, int classes);
/// The same, [C + 1, S, S], from maps multiplied by image labels [C]. With the true labels this is the paper's protocol. Thread-safe.
std::vector<float> class_probabilities(const PatchMaps& patch, std::span<const float> labels);

/// The strongest response to a prototype in an image, and its position in pixels of the image.
struct PrototypePeak {
  float value = 0;  ///< stage 4, logit units
  int x = 0, y = 0;
};

/// A trained model for patches. Not thread-safe. Uses LibTorch's intra-op threads.
class PatchModel {
 public:
  struct Impl;  ///< the part that needs LibTorch: patch_model_impl.hpp
  explicit PatchModel(std::unique_ptr<Impl> impl);
  PatchModel(PatchModel&&) noexcept;
  ~PatchModel();
  /// Loads a model file. `device` is "cpu", "cuda" or "cuda:n". `threads` above 0 sets LibTorch's thread count for the process
  /// (at::set_num_threads). Throws Error as load_model does, UsageError when the device can't be used.
  static PatchModel load(const std::filesystem::path& path, const std::string& device, int threads);

  const ModelInfo& info() const;
  /// The paper's evaluation. With `all_views` the mean of six views (mirrored or not, multiplied by 0.9, 1, 1.1), else the image as it is.
  /// With `heads` [B], presence_scores() of the images, the scores of places weigh the maps (local_factors), as on slides; the paper has no
  /// such step.
  std::vector<PatchMaps> look(const PatchBatch& batch, bool all_views, std::span<const HeadScores> heads = {});
  /// Peaks [B][P] of the stage-4 maps, P = C·k.
  std::vector<std::vector<PrototypePeak>> prototype_peaks(const PatchBatch& batch);
  /// Class of each pixel [B, S, S] without image labels: 0…C−1, background C. Class presence comes from the whole image: from the presence
  /// head, if there is one, whose scores of places weigh the maps, else from the network's own scores. Throws Error if the model has
  /// neither head nor calibration.
  std::vector<std::uint8_t> segment_unlabelled(const PatchBatch& batch);
  /// Learns the calibration from labelled images. `next` returns batches, and at the end a batch with count 0. If the calibration changes,
  /// ModelInfo::judged is cleared, because the score was measured with the old one. Throws Error when there are no images.
  void calibrate(const std::function<PatchBatch()>& next);
  /// Fits a presence head (network::fit_presence) and, where there are enough images, a FeatureFit on the features that the frozen encoder
  /// of `source`, rounded to float16, has for labelled images, and, for the head, for copies that are partly covered with glass; keeps
  /// them and the encoder in place of any it had. `next` returns batches, and at
  /// the end a batch with count 0; `groups` names the patient of each image in that order. Of a batch with pixels the head is fitted on the
  /// regions of known classes, and on the images as far as `presence` is known of them (network::ExtraFeatures). Clears ModelInfo::judged.
  /// Throws UsageError: no such file; Error: no encoder, or as fit_presence does; the model is then unchanged.
  void fit_presence(const PresenceSource& source, const std::function<PatchBatch()>& next, const std::vector<std::string>& groups);
  /// Removes the presence head and its encoder, if there are any. Clears ModelInfo::judged.
  void drop_presence();
  /// Scores [B] of images by the presence head. Throws Error: the model has no head, or as presence_encoder.
  std::vector<HeadScores> presence_scores(const PatchBatch& batch);
  /// One line for people, if since this was asked last there was too little memory for a whole batch: look, prototype_peaks,
  /// segment_unlabelled and presence_scores then compute it in parts.
  std::string take_note();
  /// Sets the stain statistics of the training images, which are stored in the model file.
  void set_stain(const core::StainStatistics& stain);
  /// Sets how the stains of the training images lie, which is stored in the model file.
  void set_stain_fit(const std::optional<core::StainFit>& fit);
  void set_judged(const Judgement& judged);
  /// Writes the model file through a PartFile. Throws Error.
  void save(const std::filesystem::path& path) const;

  /// For the trainer: patch_model_impl.hpp.
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::model::network
