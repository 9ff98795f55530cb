#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/encoders/frozen_encoder.hpp"
#include "wsi_lpd/model/network/feature_fit.hpp"
#include "wsi_lpd/model/network/model_info.hpp"
#include "wsi_lpd/model/network/presence_head.hpp"

namespace wsi_lpd::model::network {

/// A presence head and the frozen encoder whose features it takes, as a model file holds them.
struct StoredPresence {
  PresenceHead head;
  encoders::EncoderFile encoder;  ///< its float tensors are float16; without tensors and script: it is to be read from PresenceInfo::place
  std::filesystem::path model{};  ///< the model file, beside which the encoder is looked for, too
  std::optional<FeatureFit> fit{};  ///< of the images that the head was fitted on
};

/// The encoder of `stored`: that which it holds or, where it holds none, the file of PresenceInfo::place, rounded as a stored one is. The
/// file is looked for at its path, then by its name beside the model file. Thread-safe. Throws Error: in neither place is a file of that
/// size and SHA-256.
encoders::EncoderFile presence_encoder(const StoredPresence& stored, const ModelInfo& info);

/// The place of an encoder's file. Thread-safe. Throws Error: it can't be read.
EncoderPlace place_of(const std::filesystem::path& encoder);

/// The same file with its float tensors in float16; a TorchScript module stays as it is. Thread-safe.
encoders::EncoderFile rounded_to_half(encoders::EncoderFile file);

/// Features that presence is told from: maps [N, D, h, w] of normalised images [N, 3, H, W], whose means are the images' features. They are
/// the encoder's last map and, repeated at each place, its class token, if it has one. Of an encoder without maps (TorchScript) they are
/// its features, as maps of one cell. `scale` and `bfloat16` as in FrozenEncoder.
torch::Tensor feature_maps(encoders::FrozenEncoder& encoder, const torch::Tensor& images, double scale, bool bfloat16 = false);

/// Score maps [N, C, h, w] of images of side `size` on the grid of ScoreGate, [N, C, s, s] with s = size / kScoreStride: bilinear, then
/// shifted so that each map keeps its mean, the score. Thread-safe.
torch::Tensor on_score_grid(const torch::Tensor& maps, std::int64_t size);

/// core::JointScore of tensors: [N, C], or maps [N, C, h, w]. Thread-safe.
class JointPresence {
 public:
  /// `info` has a presence head.
  JointPresence(const ModelInfo& info, const torch::Device& device);
  torch::Tensor operator()(const torch::Tensor& head_scores, const torch::Tensor& own_scores) const;

 private:
  torch::Tensor head_factor_, own_factor_, offset_;  // [C, 1, 1]
};

/// Factors [N, C, height, width] by which the scores of places weigh class maps: exp(kLocalWeight · (m − m_max)) with the joint scores m of
/// JointPresence, `margins` [N, C, h, w], bilinear with half-pixel centres, and m_max the largest of all classes' at that place: as
/// core::ScoreGate does on slides. Thread-safe.
torch::Tensor local_factors(const torch::Tensor& margins, std::int64_t height, std::int64_t width);

/// Tells how present classes are in images. Thread-safe in inference: the encoders keep no state.
class PresenceScorer {
 public:
  /// `info` has the statistics in which the images will come. Throws Error: as presence_encoder, or the encoder can't be opened.
  PresenceScorer(const StoredPresence& stored, const ModelInfo& info, const torch::Device& device);
  /// Feature maps [N, D, h, w] of normalised images [N, 3, H, W], D = width(), at PresenceInfo::scale. Throws Error: the encoder has
  /// features of another width than the head takes.
  torch::Tensor feature_maps(const torch::Tensor& images, bool bfloat16 = false);
  /// Score maps [N, C, h, w] of feature maps. The mean of an image's map is its score.
  torch::Tensor score_maps(const torch::Tensor& features) const { return head_.score_maps(features); }
  /// Whether feature maps say where in an image something is.
  bool has_places() const { return encoder_->has_tokens(); }
  /// Whether the model knows how the features of its training images lie.
  bool has_fit() const { return fit_.has_value(); }
  /// Distances [N] of the means [N, D] of feature maps to those of the training images (FeatureFit::distances); needs has_fit().
  torch::Tensor distances(const torch::Tensor& features) const { return fit_.value().distances(features); }
  /// Features [N, width()] of normalised images as the encoder is meant to be used, at scale 1.
  torch::Tensor features(const torch::Tensor& images, bool bfloat16 = false);
  /// Width D of the features.
  std::int64_t width() const { return head_.weight.size(1); }

 private:
  std::unique_ptr<encoders::FrozenEncoder> encoder_;
  PresenceHead head_;
  double scale_;
  std::optional<FeatureFit> fit_;
};

}  // namespace wsi_lpd::model::network
