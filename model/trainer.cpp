#include "wsi_lpd/model/trainer.hpp"

#include <algorithm>
#include <cmath>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/calibration.hpp"
#include "wsi_lpd/model/device.hpp"
#include "wsi_lpd/model/encoder_weights.hpp"
#include "wsi_lpd/model/model_file.hpp"
#include "wsi_lpd/model/torch_error.hpp"
#include "wsi_lpd/model/training_loss.hpp"

namespace wsi_lpd::model {

using torch::Tensor;

double learning_rate(const TrainOptions& options, std::int64_t iteration) {
  const auto t = static_cast<double>(std::min(iteration, options.iterations - 1)),
             warmup = static_cast<double>(options.lr_warmup_iterations);
  if (iteration < options.lr_warmup_iterations) return options.lr * (1 - (1 - t / warmup) * (1 - options.warmup_ratio));
  return options.lr * std::pow(1 - (t - warmup) / static_cast<double>(options.iterations), options.power);
}

struct Trainer::Impl {
  Impl(ModelInfo model_info, TrainOptions train_options)
      : info(std::move(model_info)),
        options(std::move(train_options)),
        device(resolve_device(options.device)),
        network(make_network()),
        input(info, device),
        optimiser(network->parameters(), torch::optim::AdamWOptions(options.lr).weight_decay(options.weight_decay)) {
    if (options.loss.diversity == Diversity::Reference && mix_transformer_shape(info.encoder).widths[3] != kPrototypeWidth) {
      throw UsageError("diversity 'reference' compares prototypes of width 512 with stage 4, which " + info.encoder +
                       " has of another width; use 'corrected' or mit_b1 to mit_b5");
    }
    if (options.frozen_encoder.empty()) return;
    frozen = load_frozen_encoder(options.frozen_encoder, device);
    const torch::NoGradGuard no_grad;
    const std::int64_t width = (*frozen)(torch::zeros({1, 3, FrozenEncoder::kInputSize, FrozenEncoder::kInputSize}, device)).size(1);
    if (width == kPrototypeWidth) return;
    bridge = torch::nn::Linear(torch::nn::LinearOptions(kPrototypeWidth, width).bias(false));
    bridge->to(device);
    optimiser.add_parameters(bridge->parameters());
  }

  LpdNetwork make_network() {
    if (options.threads > 0) at::set_num_threads(options.threads);
    torch::manual_seed(options.seed);
    LpdNetwork made(mix_transformer_shape(info.encoder), info.classes.count(), info.prototypes_per_class, options.drop_path);
    if (!options.weights.empty()) info.provenance["weights"] = load_encoder_weights(options.weights, made);
    made->to(device);
    return made;
  }

  /// The caller's memory on the device; `host` must outlive the use on the CPU.
  Tensor on_device(Tensor host) const { return device.is_cpu() ? host : host.pin_memory().to(device, /*non_blocking=*/true); }

  Tensor images(const PatchBatch& batch) const {
    auto* bytes = const_cast<std::uint8_t*>(batch.rgb.data());  // only read
    return input(on_device(torch::from_blob(bytes, {batch.count, batch.size, batch.size, 3}, torch::kByte)));
  }

  Tensor labels(const PatchBatch& batch) const {
    return on_device(torch::from_blob(const_cast<float*>(batch.labels.data()), {batch.count, info.classes.count()}));
  }

  /// The prototypes as the frozen encoder sees them, [P, D].
  Tensor taught_prototypes(const NetworkOutput& output) { return bridge ? bridge->forward(output.prototypes) : output.prototypes; }

  StepReport step(const PatchBatch& batch);

  /// What the network says of `batch` now, without gradients.
  NetworkOutput look(const PatchBatch& batch) {
    network->eval();
    return network->forward(images(batch));
  }

  ModelInfo info;
  TrainOptions options;
  torch::Device device;
  LpdNetwork network;
  InputNormaliser input;
  torch::optim::AdamW optimiser;
  std::unique_ptr<FrozenEncoder> frozen;
  torch::nn::Linear bridge{nullptr};  ///< from the prototypes' width to the frozen encoder's, where they differ; learnt, not kept
  std::int64_t iteration = 0;
};

StepReport Trainer::Impl::step(const PatchBatch& batch) {
  StepReport report;
  report.learning_rate = learning_rate(options, iteration);
  for (auto& group : optimiser.param_groups()) group.options().set_lr(report.learning_rate);

  network->train();
  const Tensor input_images = images(batch);
  const NetworkOutput output = network->forward(input_images);
  const TrainingLoss loss = training_loss(output, input_images, labels(batch), taught_prototypes(output), info.prototypes_per_class,
                                          options.loss, iteration >= options.warmup_iterations, frozen.get());
  optimiser.zero_grad();
  loss.total.backward();

  const auto& levels = loss.classification.levels;
  const Tensor terms = torch::stack({loss.total, loss.classification.total, loss.diversity, loss.foreground, loss.background, loss.map_mean,
                                     levels[0], levels[1], levels[2], levels[3]})
                           .detach()
                           .cpu();
  const float* values = terms.const_data_ptr<float>();
  report.total = values[0];
  report.classification = values[1];
  report.diversity = values[2];
  report.foreground = values[3];
  report.background = values[4];
  report.map_mean = values[5];
  for (std::size_t s = 0; s < 4; ++s) report.bce[s] = values[6 + s];
  report.selected = loss.selected.size(0);
  if (!std::isfinite(report.total)) {
    throw Error("training: the loss is not finite any more at step " + std::to_string(iteration) +
                "; try a lower learning rate or a longer warm-up");
  }
  optimiser.step();
  ++iteration;
  return report;
}

Trainer::Trainer(ModelInfo info, TrainOptions options) {
  if (options.iterations < 1) throw UsageError("training: the number of iterations must be at least 1");
  impl_ = std::make_unique<Impl>(std::move(info), std::move(options));
}
Trainer::~Trainer() = default;
const ModelInfo& Trainer::info() const { return impl_->info; }
std::int64_t Trainer::iteration() const { return impl_->iteration; }

StepReport Trainer::step(const PatchBatch& batch) {
  return with_torch_errors("training", [&] { return impl_->step(batch); });
}

namespace {

std::vector<std::uint8_t> bytes_of(const Tensor& labels) {
  const Tensor host = labels.cpu().contiguous();
  const auto* data = host.const_data_ptr<std::uint8_t>();
  return {data, data + host.numel()};
}

}  // namespace

std::vector<std::uint8_t> Trainer::segment(const PatchBatch& batch) {
  return with_torch_errors("segmenting", [&] {
    const c10::InferenceMode inference;
    const auto maps = evidence(impl_->look(batch), impl_->info.prototypes_per_class);
    return bytes_of(labels_from_maps(paper_maps(maps, impl_->labels(batch), batch.size)));
  });
}

std::vector<std::uint8_t> Trainer::segment_unlabelled(const PatchBatch& batch) {
  if (impl_->info.calibration.empty()) throw Error("segmenting without image labels needs a calibration: call calibrate() first");
  return with_torch_errors("segmenting", [&] {
    const c10::InferenceMode inference;
    const int k = impl_->info.prototypes_per_class;
    const NetworkOutput output = impl_->look(batch);
    const CalibratedMaps calibrated(impl_->info.calibration, impl_->device);
    return bytes_of(labels_from_maps(upsample_grid(calibrated(evidence(output, k), class_scores(output, k)))));
  });
}

void Trainer::calibrate(const std::function<PatchBatch()>& next) {
  with_torch_errors("calibrating", [&] {
    const c10::InferenceMode inference;
    const int k = impl_->info.prototypes_per_class;
    Calibrator calibrator;
    for (PatchBatch batch = next(); batch.count > 0; batch = next()) {
      const NetworkOutput output = impl_->look(batch);
      calibrator.add(evidence(output, k), class_scores(output, k), impl_->labels(batch));
    }
    impl_->info.calibration = calibrator.finish();
  });
}

void Trainer::save(const std::filesystem::path& path) const {
  ModelInfo info = impl_->info;
  info.provenance["iterations"] = std::to_string(impl_->iteration);
  save_model(path, impl_->network, info);
}

}  // namespace wsi_lpd::model
