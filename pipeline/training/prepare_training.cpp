#include "wsi_lpd/pipeline/training/prepare_training.hpp"

#include <algorithm>
#include <cmath>

#include "training_images.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/pipeline/training/patch_stain.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

/// What the method needs, leaves out, and sets.
void settle_method(TrainJob& job, core::ProgressObserver& observer) {
  model::training::TrainOptions& options = job.options;
  if (job.info.method == "pbip") {
    options.loss.diversity_weight = 0;
    options.loss.batch_contrast = true;
    if (options.bank.empty() && options.frozen_encoder.empty() && options.from.empty())
      throw core::UsageError("--method pbip needs --frozen-encoder, whose view of the images is clustered, or --bank with its prototypes");
  } else if (!options.bank.empty()) {
    throw core::UsageError("--bank belongs to --method pbip: the other methods learn their prototypes");
  }
  if (job.info.method != "cam" && options.frozen_encoder.empty() && options.from.empty())
    observer.warn("no --frozen-encoder: the similarity loss is left out");
}

void settle_steps(TrainJob& job, std::size_t images) {
  model::training::TrainOptions& options = job.options;
  if (options.iterations == 0)
    options.iterations = std::max<std::int64_t>(1, std::llround(job.epochs * static_cast<double>(images) / job.batch_size));
  const bool begins_trained = job.info.method == "pbip" || !options.from.empty();
  if (options.warmup_iterations < 0) options.warmup_iterations = begins_trained ? 0 : options.iterations / 5;
  if (job.info.method == "cam") options.warmup_iterations = options.iterations;
  options.warmup_iterations = std::min(options.warmup_iterations, options.iterations);
}

PatchSetOptions with_size(PatchSetOptions options, int size) {
  options.size = size;
  return options;
}

}  // namespace

PreparedTraining prepare_training(TrainJob job, const core::Work& work) {
  if (job.distil && job.presence_encoder.empty())
    throw core::UsageError("--distil needs --presence-encoder, whose presence head then teaches the network's own scores");
  if (!job.distil && !job.unlabelled.empty())
    throw core::UsageError("--unlabelled needs --distil: without it nothing is learnt from images without labels");
  settle_method(job, work.observer);
  job.patches = with_hold_out(std::move(job.patches), job.hold_out, work.observer);
  if (job.patches.train.empty()) throw core::UsageError("there is no image to train on");
  PatchSet images(job.patches.train, job.images, work);
  TrainingStream::check(images, job.stream);
  PatchSet valid(job.patches.valid, with_size(job.images, images.size()), work);
  PatchSet unlabelled(job.unlabelled, with_size(job.images, images.size()), work);
  settle_steps(job, images.count());
  job.info.provenance["images"] = std::to_string(images.count());
  job.info.patch_size = images.size();
  job.info.stain = stain_of(images, work);
  job.info.stain_fit = stain_fit_of(images, work);
  if (job.info.mpp) *job.info.mpp /= images.zoom();
  if (images.zoom() != 1)
    work.observer.warn("images are resized by " + core::fixed(images.zoom(), 3) + " to " + std::to_string(images.size()) +
                       " pixels: the model works at that resolution");
  std::vector<CorrectedTile> corrected;
  if (!job.corrections.regions.empty())
    corrected = read_corrections(job.corrections, job.info.classes, images.size(), job.info.mpp.value_or(0), job.patches, work);
  return {std::move(job), std::move(images), std::move(valid), std::move(unlabelled), std::move(corrected)};
}

}  // namespace wsi_lpd::pipeline::training
