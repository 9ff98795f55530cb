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

void settle_mosaics(TrainJob& job, const PatchSet& images, core::ProgressObserver& observer) {
  constexpr double kHalf = 0.5;
  if (wants_mosaics(job) && TrainingStream::suits_mosaics(images)) {
    job.stream.mosaic = kHalf;
    observer.info("half of the images are put together from others that show one class each; --mosaic 0 leaves them as they are");
  }
  job.stream.mosaic = std::max(job.stream.mosaic, 0.0);
  job.info.mosaic = std::max(job.info.mosaic, job.stream.mosaic);
}

/// Pixels of the background teach a presence head alone, and image labels where a tile's are known. Throws UsageError where corrections
/// teach nothing.
void report_background(const std::vector<CorrectedTile>& tiles, const TrainJob& job, core::ProgressObserver& observer) {
  const bool has_head = job.info.presence || !job.presence.encoder.empty();
  const std::string& name = job.info.classes.background;
  std::int64_t background = 0;
  bool teach = has_head;
  for (const CorrectedTile& tile : tiles) {
    background += std::count(tile.classes.data(), tile.classes.data() + tile.classes.bytes(), job.info.classes.count());
    teach |= std::ranges::any_of(tile.presence, [](float value) { return !std::isnan(value); });
  }
  if (!teach)
    throw core::UsageError("--corrections: there is nothing to learn from: all regions are of the background (" + name +
                           "), of which a presence head alone learns; see --presence-encoder");
  if (background > 0)
    observer.warn("corrections: of " + core::count_of(static_cast<std::size_t>(background), "pixel", "pixels") + " of the background (" +
                  name + ") the network's maps learn nothing, " +
                  (has_head ? "the presence head that no class is there"
                            : "and there is no presence head that would learn of them (--presence-encoder)"));
}

/// The size and µm/px of the images as the network sees them become the model's.
void settle_resolution(TrainJob& job, const PatchSet& images, core::ProgressObserver& observer) {
  constexpr double kOtherResolution = 0.05;  // relative difference of µm/px beyond which a warning names both
  model::network::ModelInfo& info = job.info;
  const std::optional<double> mpp = job.mpp ? std::optional(*job.mpp / images.zoom()) : std::nullopt;
  if (const std::string from = job.options.from.string(); !from.empty()) {
    const auto pixels = [](int side) { return std::to_string(side) + " px"; };
    const auto micrometres = [](double value) { return core::shortest(std::round(1e4 * value) / 1e4); };
    if (info.patch_size != images.size())
      observer.warn("images are read at " + pixels(images.size()) + ", and those of " + from + " were at " + pixels(info.patch_size) +
                    ": the new model works on tiles of " + pixels(images.size()) +
                    "; the score before the first step is that of the model before at its own " + pixels(info.patch_size) +
                    "; --patch-size " + std::to_string(info.patch_size) + " keeps them");
    if (mpp && !info.mpp)
      observer.warn(from + " does not know its um/px, and the images have " + micrometres(*mpp) + ": the new model reads slides at that");
    const auto is_other = [&](double value) { return std::abs(value / *info.mpp - 1) > kOtherResolution; };
    if (mpp && info.mpp && is_other(*mpp)) {
      const double for_model_before = job.images.fit == Fit::Resize ? *mpp * images.size() / info.patch_size : *mpp;  // at its own size
      observer.warn("the images have " + micrometres(*mpp) + " um/px as the network sees them, and those of " + from + " had " +
                    micrometres(*info.mpp) + ": the new model reads slides at " + micrometres(*mpp) +
                    (is_other(for_model_before)
                         ? ", and the score before the first step is that of the model before on images that it was not made for"
                         : ""));
    }
  }
  if (mpp || job.options.from.empty()) info.mpp = mpp;
  info.patch_size = images.size();
}

PatchSetOptions with_size(PatchSetOptions options, int size) {
  options.size = size;
  return options;
}

}  // namespace

bool wants_mosaics(const TrainJob& job) {
  return job.stream.mosaic < 0 && !job.presence.encoder.empty() && !job.distil && job.options.from.empty();
}

PreparedTraining prepare_training(TrainJob job, const core::Work& work) {
  if (job.distil && job.presence.encoder.empty())
    throw core::UsageError("--distil needs --presence-encoder, whose presence head then teaches the network's own scores");
  if (!job.distil && !job.unlabelled.empty())
    throw core::UsageError("--unlabelled needs --distil: without it nothing is learnt from images without labels");
  settle_method(job, work.observer);
  FoundCorrections corrections;
  if (!job.corrections.regions.empty()) {  // before images are read, which takes longer
    corrections = find_corrections(job.corrections, job.info.classes, work);
    job.info.provenance["corrections"] = provenance_text(corrections, job.corrections.regions);
  }
  job.patches = with_hold_out(std::move(job.patches), job.hold_out, work.observer);
  if (job.patches.train.empty()) throw core::UsageError("there is no image to train on");
  PatchSet images(job.patches.train, job.images, work);
  TrainingStream::check(images, job.stream);
  settle_mosaics(job, images, work.observer);
  PatchSet valid(job.patches.valid, with_size(job.images, images.size()), work);
  PatchSet unlabelled(job.unlabelled, with_size(job.images, images.size()), work);
  settle_steps(job, images.count());
  job.info.provenance["images"] = std::to_string(images.count());
  settle_resolution(job, images, work.observer);
  job.info.stain = stain_of(images, work);
  job.info.stain_fit = stain_fit_of(images, work);
  if (images.zoom() != 1)
    work.observer.warn("images are resized by " + core::fixed(images.zoom(), 3) + " to " + std::to_string(images.size()) +
                       " pixels: the model works at that resolution");
  std::vector<CorrectedTile> corrected;
  if (!corrections.files.empty()) {
    corrected = cut_corrections(corrections, job.info.classes, images.size(), job.info.mpp.value_or(0), job.patches, work);
    report_background(corrected, job, work.observer);
  }
  return {std::move(job), std::move(images), std::move(valid), std::move(unlabelled), std::move(corrected)};
}

}  // namespace wsi_lpd::pipeline::training
