#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/network/network.hpp"

// All functions here are thread-safe; look_at_views needs a network in eval mode.
namespace wsi_lpd::model::network {

/// Output pixels per cell of the grid on which class maps are fused: the stride of scale 2.
inline constexpr int kGridStride = 8;
/// Output pixels per cell of the maps whose means are the image-level scores: the stride of scale 4.
inline constexpr int kScoreStride = 16;

/// The maps to be fused, of scales 2, 3, 4, with the k prototypes of a class merged to one map as at test (merge_softmax). Logit units,
/// [B, C, h_s, w_s].
std::array<torch::Tensor, 3> merged_maps(const NetworkOutput& output, int prototypes_per_class);

/// Image-level scores [B, C]: stage 4, the mean over the prototypes of a class, which is the score that the classification loss trains. The
/// softmax-weighted sum is right for maps, but it lets a single prototype decide for an image (AUC 0.54 instead of 0.90 for one class of
/// real patches).
torch::Tensor class_scores(const NetworkOutput& output, int prototypes_per_class);

/// The paper's evaluation before image labels are applied: maps and scores of B images under several views.
struct PaperViews {
  torch::Tensor maps;  ///< [B, C, S, S]: min–max of each channel over the view, bilinear (align_corners), mean over the views, 0.3 · scale
                       ///< 2 + 0.3 · scale 3 + 0.4 · scale 4
  torch::Tensor scores;      ///< [B, C]: class_scores of the unchanged images
  torch::Tensor score_maps;  ///< [B, C, S / 16, S / 16], rounded up: the maps whose means `scores` are
};
/// `images` [B, 3, S, S] normalised. With `all_views` six views: mirrored or not, multiplied by 0.9, 1, 1.1 after normalisation; else one
/// view, the image as it is.
PaperViews look_at_views(const LpdNetwork& network, const torch::Tensor& images, int prototypes_per_class, bool all_views);

/// Presence of each class from the scores [B, C] of whole images: σ((score − threshold) / width), [B, C]. Thread-safe.
class ScoreSigmoid {
 public:
  ScoreSigmoid(const core::Calibration& calibration, const torch::Device& device);
  torch::Tensor operator()(const torch::Tensor& scores) const;

 private:
  torch::Tensor threshold_, width_;
};

/// Temperature of the sigmoid of fused_logits. With four models on a slide with pixel truth 3 to 8 do the same, 1 costs up to two points of
/// mIoU. Fusing what is left after negative values were set to 0, by ranges learnt in training, costs up to five.
inline constexpr double kMapTemperature = 4;

/// The maps' weighted sum [B, C, h_2, w_2] on the stride-8 grid (half-pixel centres), logit units.
torch::Tensor fused_logits(const std::array<torch::Tensor, 3>& merged);

/// Class maps for images without image labels: the sigmoid of a quarter of fused_logits, 0…1, [B, C, h_2, w_2]. The range of the image does
/// not enter, so neighbouring tiles agree. To be multiplied by the presence of each class (gated).
torch::Tensor open_maps(const std::array<torch::Tensor, 3>& merged);

/// The paper's class maps for one tile: each map is normalised by its own range in the tile, then fused, on the stride-8 grid. To be
/// multiplied by the presence of each class (gated).
torch::Tensor tile_maps(const std::array<torch::Tensor, 3>& merged);

/// `maps` [B, C, h, w] times `presence` [B, C].
torch::Tensor gated(const torch::Tensor& maps, const torch::Tensor& presence);

/// Maps on the stride-8 grid to output pixels: bilinear, half-pixel centres.
torch::Tensor upsample_grid(const torch::Tensor& maps);

/// Class of each pixel of fused maps [B, C, h, w]: argmax over the classes and the background, (1 − max)^10, which is class C. U8
/// [B, h, w].
torch::Tensor labels_from_maps(const torch::Tensor& fused);

}  // namespace wsi_lpd::model::network
