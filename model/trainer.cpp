#include "wsi_lpd/model/trainer.hpp"

#include <algorithm>
#include <cmath>

#include "patch_model_impl.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/device.hpp"
#include "wsi_lpd/model/encoder_weights.hpp"
#include "wsi_lpd/model/frozen_encoder.hpp"
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
  Impl(ModelInfo info, TrainOptions train_options)
      : options(std::move(train_options)),
        device(resolve_device(options.device)),
        model(make_model(std::move(info))),
        network(model.impl_->network),
        optimiser(network->parameters(), torch::optim::AdamWOptions(options.lr).weight_decay(options.weight_decay)) {
    const std::string& encoder = model.info().encoder;
    if (options.loss.diversity == Diversity::Reference && mix_transformer_shape(encoder).widths[3] != kPrototypeWidth) {
      throw UsageError("diversity 'reference' compares prototypes of width 512 with stage 4, which " + encoder +
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

  PatchModel make_model(ModelInfo info) const {
    if (options.threads > 0) at::set_num_threads(options.threads);
    torch::manual_seed(options.seed);
    LpdNetwork made(mix_transformer_shape(info.encoder), info.classes.count(), info.prototypes_per_class, options.drop_path);
    if (!options.weights.empty()) info.provenance["weights"] = load_encoder_weights(options.weights, made);
    return PatchModel(std::make_unique<PatchModel::Impl>(std::move(info), std::move(made), device));
  }

  /// The prototypes as the frozen encoder sees them, [P, D].
  Tensor taught_prototypes(const NetworkOutput& output) { return bridge ? bridge->forward(output.prototypes) : output.prototypes; }

  StepReport step(const PatchBatch& batch);

  TrainOptions options;
  torch::Device device;
  PatchModel model;
  LpdNetwork network;  ///< the model's
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
  const Tensor images = model.impl_->images(batch);
  const NetworkOutput output = network->forward(images);
  const TrainingLoss loss =
      training_loss(output, images, model.impl_->labels(batch), taught_prototypes(output), model.info().prototypes_per_class, options.loss,
                    iteration >= options.warmup_iterations, frozen.get());
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
std::int64_t Trainer::iteration() const { return impl_->iteration; }

StepReport Trainer::step(const PatchBatch& batch) {
  return with_torch_errors("training", [&] { return impl_->step(batch); });
}

PatchModel& Trainer::model() {
  impl_->model.impl_->info.provenance["iterations"] = std::to_string(impl_->iteration);
  return impl_->model;
}

}  // namespace wsi_lpd::model
