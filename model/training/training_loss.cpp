#include "wsi_lpd/model/training/training_loss.hpp"

#include "wsi_lpd/model/network/class_maps.hpp"
#include "wsi_lpd/model/training/similarity.hpp"

namespace wsi_lpd::model::training {

using torch::Tensor;

namespace {

void add_classification(TrainingLoss& loss, const network::NetworkOutput& output, const Tensor& labels, int k, const LossOptions& options) {
  const Tensor known = (~labels.isnan().any(1)).nonzero().flatten();
  std::array<Tensor, 4> scores;
  for (std::size_t s = 0; s < 4; ++s) scores[s] = network::merge_mean(output.scores[s], k).index_select(0, known);
  loss.classification = classification_loss(scores, labels.index_select(0, known), options.class_weights);
  loss.total = loss.classification.total;
}

/// What is known beside the image labels.
void add_further_targets(TrainingLoss& loss, const network::NetworkOutput& output, const TrainingTargets& targets, int k,
                         const LossOptions& options) {
  const Tensor scores = network::merge_mean(output.scores[3], k);
  const bool by_pixels = targets.pixels.defined() && options.pixel_weight != 0, by_views = targets.paired && options.agreement_weight != 0;
  if (targets.presence.defined() && options.teacher_weight != 0) {
    loss.teacher = teacher_loss(scores, targets.presence);
    loss.total = loss.total + options.teacher_weight * loss.teacher;
  }
  if (!by_pixels && !by_views) return;
  const Tensor fused = network::fused_logits(network::merged_maps(output, k));
  if (by_pixels) {
    loss.pixel = pixel_loss(fused, targets.pixels);
    loss.total = loss.total + options.pixel_weight * loss.pixel;
  }
  if (by_views) {
    const auto maps = (fused / network::kMapTemperature).chunk(2), presence = scores.chunk(2);
    loss.agreement = agreement_loss(maps[0], maps[1]) + agreement_loss(presence[0], presence[1]);
    loss.total = loss.total + options.agreement_weight * loss.agreement;
  }
}

void add_diversity(TrainingLoss& loss, const network::NetworkOutput& output, int k, const LossOptions& options) {
  const Tensor mask = pseudo_mask(network::merge_mean(output.maps[3], k));
  loss.diversity = options.diversity == Diversity::Reference
                       ? diversity_loss(output.feature, output.prototypes, mask, k, {.index_shift = 0, .softmaxes = 2})
                       : diversity_loss(output.feature, output.projected[3], mask, k);
  loss.total = loss.total + options.diversity_weight * loss.diversity;
}

void add_similarity(TrainingLoss& loss, const network::NetworkOutput& output, const Tensor& images, const Tensor& labels,
                    const Tensor& prototypes, int k, const LossOptions& options, encoders::FrozenEncoder& frozen, bool bfloat16) {
  loss.map_mean = output.maps[3].mean();
  loss.selected = select_prototypes(output.scores[3], labels, k);
  const std::int64_t count = loss.selected.size(0);
  if (count == 0) return;
  const MaskedImages masked = mask_images(images, output.maps[3], loss.selected, options.mask_threshold);
  const Tensor features = frozen(torch::cat({masked.foreground, masked.background}), bfloat16);
  const Tensor logits = contrast_logits(features, prototypes, options.temperature);
  const Tensor own = loss.selected.select(1, 1);
  const Tensor seen = logits.narrow(0, 0, count), left = logits.narrow(0, count, count);
  loss.foreground = options.batch_contrast ? foreground_contrast_of_batch(seen, own) : foreground_contrast(seen, own);
  loss.background = options.batch_contrast ? background_contrast_of_batch(left, own) : background_contrast(left, own);
  loss.total = loss.total + options.similarity_weight * (loss.foreground + loss.background + options.map_mean_weight * loss.map_mean);
}

}  // namespace

TrainingLoss training_loss(const network::NetworkOutput& output, const Tensor& images, const TrainingTargets& targets,
                           const Tensor& prototypes, int prototypes_per_class, const LossOptions& options, bool all_terms,
                           encoders::FrozenEncoder* frozen, bool bfloat16) {
  TrainingLoss loss;
  add_classification(loss, output, targets.labels, prototypes_per_class, options);
  loss.diversity = loss.foreground = loss.background = loss.map_mean = loss.pixel = loss.teacher = loss.agreement =
      torch::zeros({}, loss.total.options());
  loss.selected = torch::zeros({0, 2}, torch::TensorOptions(torch::kLong).device(images.device()));
  add_further_targets(loss, output, targets, prototypes_per_class, options);
  if (!all_terms) return loss;
  if (options.diversity_weight != 0) add_diversity(loss, output, prototypes_per_class, options);
  if (frozen && options.similarity_weight != 0)
    add_similarity(loss, output, images, targets.labels, prototypes, prototypes_per_class, options, *frozen, bfloat16);
  return loss;
}

}  // namespace wsi_lpd::model::training
