#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/network/network.hpp"

namespace wsi_lpd::model::network {

/// Output pixels per cell of the grid on which class maps are fused: the stride of scale 2.
inline constexpr int kGridStride = 8;
/// The same of the maps whose means are the image-level scores: the stride of scale 4.
inline constexpr int kScoreStride = 16;

/// The maps that are fused, of scales 2, 3, 4: k merged to 1 as at test, logit units. [B, C, h_s, w_s]
std::array<torch::Tensor, 3> merged_maps(const NetworkOutput& output, int prototypes_per_class);

/// Image-level scores [B, C]: stage 4, merged by the mean. That is what the classification loss trained; the softmax-weighted sum, which is
/// right for maps, lets one prototype speak for an image (AUC 0.54 instead of 0.90 for one class of real patches).
torch::Tensor class_scores(const NetworkOutput& output, int prototypes_per_class);

/// The paper's evaluation, up to the image labels: evidence of B images under several views.
struct PaperViews {
  torch::Tensor maps;  ///< [B, C, S, S]: min–max of each channel over the view, bilinear (align_corners), mean over the views, 0.3 · scale
                       ///< 2 + 0.3 · scale 3 + 0.4 · scale 4
  torch::Tensor scores;  ///< [B, C]: class_scores of the images as they are
};
/// `images` [B, 3, S, S] normalised. With `all_views` six: mirrored or not, times 0.9, 1, 1.1 after normalisation; else one.
PaperViews look_at_views(const LpdNetwork& network, const torch::Tensor& images, int prototypes_per_class, bool all_views);

/// How present each class is by the scores [B, C] of whole images: σ((score − threshold) / width), [B, C]. Thread-safe.
class ScoreSigmoid {
 public:
  ScoreSigmoid(const core::Calibration& calibration, const torch::Device& device);
  torch::Tensor operator()(const torch::Tensor& scores) const;

 private:
  torch::Tensor threshold_, width_;
};

/// Where each class is, for images whose labels nobody knows: the sigmoid of the fused maps, 0…1, [B, C, h_2, w_2], on the stride-8 grid
/// (half-pixel centres). No range of the image enters, so that neighbouring tiles agree; to be multiplied by how present each class is.
torch::Tensor open_maps(const std::array<torch::Tensor, 3>& merged);

/// The paper's way for one tile: each map normalised by its own range in it, fused, on the stride-8 grid; to be multiplied likewise.
torch::Tensor tile_maps(const std::array<torch::Tensor, 3>& merged);

/// `maps` [B, C, h, w] times `presence` [B, C].
torch::Tensor gated(const torch::Tensor& maps, const torch::Tensor& presence);

/// Maps on the stride-8 grid to pixels: bilinear, half-pixel centres.
torch::Tensor upsample_grid(const torch::Tensor& maps);

/// Class of each pixel of fused maps [B, C, h, w]: argmax over them and the background (1 − max)^10, which is class C. U8 [B, h, w].
torch::Tensor labels_from_maps(const torch::Tensor& fused);

}  // namespace wsi_lpd::model::network
