#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/network/class_maps.hpp"
#include "wsi_lpd/model/network/network.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/model/network/presence_scorer.hpp"
#include "wsi_lpd/model/runtime/fitting_parts.hpp"

namespace wsi_lpd::model::network {

struct PatchModel::Impl {
  Impl(ModelInfo model_info, LpdNetwork model_network, const torch::Device& on)
      : info(std::move(model_info)), device(on), network(std::move(model_network)), input(info, on) {
    network->to(device);
  }

  /// Copies `host` to the device; on the CPU it returns `host` itself, so the memory behind it must outlive the result.
  torch::Tensor on_device(const torch::Tensor& host) const {
    return device.is_cpu() ? host : host.pin_memory().to(device, /*non_blocking=*/true);
  }
  /// Normalised images [B, 3, S, S].
  torch::Tensor images(const PatchBatch& batch) const {
    auto* bytes = const_cast<std::uint8_t*>(batch.rgb.data());  // only read
    return input(on_device(torch::from_blob(bytes, {batch.count, batch.size, batch.size, 3}, torch::kByte)));
  }
  torch::Tensor labels(const PatchBatch& batch) const {
    return on_device(torch::from_blob(const_cast<float*>(batch.labels.data()), {batch.count, info.classes.count()}));
  }
  /// A teacher's probabilities [B, C]; undefined without a teacher.
  torch::Tensor presence_targets(const PatchBatch& batch) const {
    if (batch.presence.empty()) return {};
    return on_device(torch::from_blob(const_cast<float*>(batch.presence.data()), {batch.count, info.classes.count()}));
  }
  /// Pixel classes [B, S, S], bytes; undefined where none is known.
  torch::Tensor pixels(const PatchBatch& batch) const {
    if (batch.pixels.empty()) return {};
    return on_device(torch::from_blob(const_cast<std::uint8_t*>(batch.pixels.data()), {batch.count, batch.size, batch.size}, torch::kByte));
  }
  /// Score maps [B, C, h, w] of normalised images by the presence head, which must be there. Opens `scorer`.
  torch::Tensor head_maps(const torch::Tensor& normalised) {
    if (!scorer) scorer = std::make_unique<PresenceScorer>(*presence, info, device);
    return scorer->score_maps(scorer->feature_maps(normalised));
  }
  /// local_factors for class maps of height and width `side`, from head_maps() and the network's own score maps [B, C, h, w].
  torch::Tensor factors_of_places(const torch::Tensor& head_maps, const torch::Tensor& own_maps, std::int64_t side) const {
    const torch::Tensor maps = on_score_grid(head_maps, own_maps.size(3) * kScoreStride);
    return local_factors(JointPresence(info, device)(maps, own_maps), side, side);
  }
  /// The network's output for `batch` in eval mode, without drop path.
  NetworkOutput look(const PatchBatch& batch) {
    network->eval();
    return network->forward(images(batch));
  }

  ModelInfo info;
  torch::Device device;
  LpdNetwork network;
  InputNormaliser input;
  std::optional<StoredPresence> presence;  ///< set if info.presence is
  std::unique_ptr<PresenceScorer> scorer;  ///< of `presence`; opened when it is needed
  runtime::FittingParts parts;
};

}  // namespace wsi_lpd::model::network
