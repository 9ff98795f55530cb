#include "wsi_lpd/model/training/trainer.hpp"

#include <algorithm>
#include <cmath>

#include "adamw.hpp"
#include "whole_batch.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/model/encoders/frozen_encoder.hpp"
#include "wsi_lpd/model/imports/encoder_weights.hpp"
#include "wsi_lpd/model/imports/weights_import.hpp"
#include "wsi_lpd/model/network/model_metadata.hpp"
#include "wsi_lpd/model/network/patch_model_impl.hpp"
#include "wsi_lpd/model/network/prototype_bank.hpp"
#include "wsi_lpd/model/runtime/autocast.hpp"
#include "wsi_lpd/model/runtime/device.hpp"
#include "wsi_lpd/model/runtime/torch_error.hpp"
#include "wsi_lpd/model/training/training_loss.hpp"
#include "wsi_lpd/model/weights/pickle.hpp"
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::model::training {

using torch::Tensor;

double learning_rate(const TrainOptions& options, std::int64_t iteration) {
  const auto t = static_cast<double>(std::min(iteration, options.iterations - 1)),
             warmup = static_cast<double>(options.lr_warmup_iterations);
  if (iteration < options.lr_warmup_iterations) return options.lr * (1 - (1 - t / warmup) * (1 - options.warmup_ratio));
  return options.lr * std::pow(1 - (t - warmup) / static_cast<double>(options.iterations), options.power);
}

namespace {

const std::string kBridge = "bridge.weight", kRandom = "random", kIteration = "iteration";

}  // namespace

struct Trainer::Impl {
  Impl(network::ModelInfo info, TrainOptions train_options, const runtime::ProcessGroup* processes)
      : options(std::move(train_options)),
        group(processes),
        device(runtime::resolve_device(options.device)),
        model(make_model(std::move(info))),
        network(model.impl().network),
        optimiser(options.weight_decay) {
    const std::string& encoder = model.info().encoder;
    if (options.loss.diversity == Diversity::Reference && encoders::mix_transformer_shape(encoder).widths[3] != network::kPrototypeWidth) {
      throw core::UsageError("diversity 'reference' compares prototypes of width 512 with stage 4, which " + encoder +
                             " has of another width; use 'corrected' or mit_b1 to mit_b5");
    }
    if (!options.frozen_encoder.empty()) load_frozen();
    if (!options.bank.empty()) set_prototypes(read_bank());
    if (options.freeze_encoder)
      for (torch::Tensor& weight : network->encoder().parameters()) weight.set_requires_grad(false);
    for (const auto& item : network->named_parameters())
      if (item.value().requires_grad()) optimiser.add(item.key(), item.value());
    if (bridge) optimiser.add(kBridge, bridge->weight);
    if (options.ema > 0) {
      network::LpdNetwork copy = network::make_network(model.info(), options.drop_path);
      average = std::make_unique<network::PatchModel>(std::make_unique<network::PatchModel::Impl>(model.info(), copy, device));
      average->impl().presence = model.impl().presence;
      const torch::NoGradGuard no_grad;
      for (const auto& item : copy->named_parameters())
        item.value().set_requires_grad(false).copy_(network->named_parameters()[item.key()]);
    }
  }

  void load_frozen() {
    const network::ModelInfo& info = model.info();
    frozen = encoders::load_frozen_encoder(options.frozen_encoder, device, encoders::InputStatistics{info.mean, info.std});
    const std::int64_t width = frozen->width();
    if (width == network::kPrototypeWidth) return;
    bridge = torch::nn::Linear(torch::nn::LinearOptions(network::kPrototypeWidth, width).bias(false));
    bridge->to(device);
  }

  static network::UsedWeights used(const std::filesystem::path& file) {
    return {weights::printable(file.filename().string()), imports::licence_of_weights(file)};
  }

  network::PatchModel make_model(network::ModelInfo info) const {
    if (options.threads > 0) at::set_num_threads(options.threads);
    torch::manual_seed(options.seed);
    if (!options.from.empty()) return begun_model(info);
    network::LpdNetwork made = network::make_network(info, options.drop_path);
    if (!options.weights.empty()) {
      info.provenance["weights"] = imports::load_encoder_weights(options.weights, made);
      info.weights["encoder"] = used(options.weights);
    }
    if (!options.frozen_encoder.empty()) info.weights["frozen_encoder"] = used(options.frozen_encoder);
    return network::PatchModel(std::make_unique<network::PatchModel::Impl>(std::move(info), std::move(made), device));
  }

  /// The model of `from`, with what `info` says of this training.
  network::PatchModel begun_model(const network::ModelInfo& info) const {
    network::PatchModel begun = network::PatchModel::load(options.from, options.device, options.threads);
    network::ModelInfo& mine = begun.impl().info;
    if (mine.encoder != info.encoder || mine.prototypes_per_class != info.prototypes_per_class ||
        mine.classes.names != info.classes.names || mine.method != info.method)
      throw core::Error(options.from.string() + ": is another network than this training's");
    mine.mpp = info.mpp;
    mine.patch_size = info.patch_size;
    mine.stain = info.stain;
    mine.stain_fit = info.stain_fit;
    mine.provenance = info.provenance;
    return begun;
  }

  Tensor read_bank() const {
    const weights::TensorFile file = weights::read_safetensors(options.bank);
    const auto& tensors = file.tensors;
    const auto found = tensors.find("prototypes");
    const Tensor& wanted = prototypes();
    if (found == tensors.end() || found->second.sizes() != wanted.sizes()) {
      throw core::UsageError(options.bank.string() + ": is no bank for " + std::to_string(model.info().classes.count()) + " classes with " +
                             std::to_string(model.info().prototypes_per_class) + " prototypes each: it must hold a tensor `prototypes` [" +
                             std::to_string(wanted.size(0)) + ", " + std::to_string(wanted.size(1)) + "]");
    }
    // Classes by name, in whatever order the bank has them.
    const std::vector<std::string>& names = model.info().classes.names;
    const std::vector<std::string> known = network::bank_classes(file.metadata);
    if (known.empty() || known == names) return found->second;
    if (!std::is_permutation(names.begin(), names.end(), known.begin(), known.end()))
      throw core::UsageError(options.bank.string() + ": its prototypes are of " + core::joined(known) + ", and the classes are " +
                             core::joined(names));
    const std::vector<Tensor> parts = found->second.chunk(static_cast<std::int64_t>(known.size()));
    std::vector<Tensor> ordered;
    for (const std::string& name : names)
      ordered.push_back(parts[static_cast<std::size_t>(std::find(known.begin(), known.end(), name) - known.begin())]);
    return torch::cat(ordered);
  }
  Tensor prototypes() const { return network->named_parameters()["prototypes"]; }
  void set_prototypes(const Tensor& values) {
    const torch::NoGradGuard no_grad;
    prototypes().copy_(values);
    if (average) average->impl().network->named_parameters()["prototypes"].copy_(values);
  }

  /// The prototypes as the frozen encoder sees them, [P, D].
  Tensor taught_prototypes(const network::NetworkOutput& output) { return bridge ? bridge->forward(output.prototypes) : output.prototypes; }

  StepReport step(const network::PatchBatch& batch);
  TrainingLoss loss_of(const network::PatchBatch& batch);
  void sum_gradients() const;
  void follow_average();
  /// Every tensor that the next step changes, by name; not copies.
  std::map<std::string, Tensor> state() const;

  TrainOptions options;
  const runtime::ProcessGroup* group;
  torch::Device device;
  network::PatchModel model;
  network::LpdNetwork network;  ///< the model's
  AdamW optimiser;
  std::unique_ptr<network::PatchModel> average;  ///< moving average of the weights; the one that is kept, if there is one
  std::unique_ptr<encoders::FrozenEncoder> frozen;
  torch::nn::Linear bridge{nullptr};  ///< from the prototypes' width to the frozen encoder's, where they differ; learnt, not kept
  std::int64_t iteration = 0;
};

StepReport Trainer::Impl::step(const network::PatchBatch& batch) {
  StepReport report;
  report.learning_rate = learning_rate(options, iteration);

  network->train();
  const TrainingLoss loss = loss_of(batch);
  optimiser.clear_gradients();
  loss.total.backward();
  if (group) sum_gradients();

  const auto& levels = loss.classification.levels;
  const Tensor terms =
      torch::stack({loss.total, loss.classification.total, loss.diversity, loss.foreground, loss.background, loss.map_mean,
                    optimiser.gradient_norm(), loss.pixel, loss.teacher, loss.agreement, levels[0], levels[1], levels[2], levels[3]})
          .detach()
          .cpu();
  const float* values = terms.const_data_ptr<float>();
  report.total = values[0];
  report.classification = values[1];
  report.diversity = values[2];
  report.foreground = values[3];
  report.background = values[4];
  report.map_mean = values[5];
  report.gradient_norm = values[6];
  report.pixel = values[7];
  report.teacher = values[8];
  report.agreement = values[9];
  for (std::size_t s = 0; s < 4; ++s) report.bce[s] = values[10 + s];
  report.selected = loss.selected.size(0);
  for (const auto& [what, value] : {std::pair{"loss", report.total}, {"gradient", report.gradient_norm}}) {
    if (!std::isfinite(value)) {
      throw core::Error(std::string("training: the ") + what + " is not finite any more at step " + std::to_string(iteration + 1) +
                        "; try a lower learning rate or a longer warm-up");
    }
  }
  optimiser.step(report.learning_rate);
  ++iteration;
  if (average) follow_average();
  return report;
}

TrainingLoss Trainer::Impl::loss_of(const network::PatchBatch& batch) {
  encoders::BatchRows rows;
  if (group) rows = {batch.whole, torch::tensor(batch.rows, torch::kLong)};
  Tensor images = model.impl().images(batch);
  network::NetworkOutput output = network->forward(images, options.bfloat16, rows);
  Tensor taught = taught_prototypes(output);
  TrainingTargets targets{.labels = model.impl().labels(batch),
                          .pixels = model.impl().pixels(batch),
                          .presence = model.impl().presence_targets(batch),
                          .paired = batch.paired};
  if (group) {
    const WholeBatch whole(*group, rows);
    output = whole.output(std::move(output));
    targets = whole.targets(std::move(targets));
    taught = whole.of_all(taught);
    if (frozen) images = whole.of_images(images);
  }
  return training_loss(output, images, targets, taught, model.info().prototypes_per_class, options.loss,
                       iteration >= options.warmup_iterations, frozen.get(), options.bfloat16);
}

void Trainer::Impl::sum_gradients() const {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> gradients = optimiser.gradients(), flat;
  for (const Tensor& gradient : gradients) flat.push_back(gradient.flatten());
  Tensor all = torch::cat(flat);  // one exchange instead of hundreds
  group->sum(all);
  std::int64_t begin = 0;
  for (Tensor& gradient : gradients) {
    gradient.copy_(all.narrow(0, begin, gradient.numel()).view_as(gradient));
    begin += gradient.numel();
  }
}

void Trainer::Impl::follow_average() {
  const torch::NoGradGuard no_grad;
  const auto t = static_cast<double>(iteration);
  const double decay = std::min(options.ema, (1 + t) / (10 + t));  // the first, random weights are soon forgotten
  const auto now = network->named_parameters();
  for (auto& item : average->impl().network->named_parameters()) item.value().lerp_(now[item.key()], 1 - decay);
}

std::map<std::string, Tensor> Trainer::Impl::state() const {
  std::map<std::string, Tensor> tensors;
  for (const auto& item : network->named_parameters()) tensors["network." + item.key()] = item.value().detach();
  if (average)
    for (const auto& item : average->impl().network->named_parameters()) tensors["average." + item.key()] = item.value();
  if (bridge) tensors[kBridge] = bridge->weight.detach();
  optimiser.add_state(tensors);
  return tensors;
}

Trainer::Trainer(network::ModelInfo info, TrainOptions options, const runtime::ProcessGroup* group) {
  if (options.iterations < 1) throw core::UsageError("training: the number of iterations must be at least 1");
  impl_ = std::make_unique<Impl>(std::move(info), std::move(options), group);
}
Trainer::~Trainer() = default;
std::int64_t Trainer::iteration() const { return impl_->iteration; }

void Trainer::take_from_first() {
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : impl_->state()) impl_->group->take_from_first(tensor);
  at::Generator random = at::detail::getDefaultCPUGenerator();
  Tensor state = random.get_state();
  impl_->group->take_from_first(state);
  random.set_state(state);
  impl_->iteration = impl_->group->take_from_first(impl_->iteration);
}

StepReport Trainer::step(const network::PatchBatch& batch) {
  at::Generator random = at::detail::getDefaultCPUGenerator();
  const Tensor before = random.get_state();
  try {
    return runtime::with_torch_errors("training", [&] { return impl_->step(batch); });
  } catch (...) {
    random.set_state(before);  // the state that is saved now goes on with this step
    throw;
  }
}

void Trainer::cluster_prototypes(const std::function<network::PatchBatch()>& next) {
  runtime::with_torch_errors("clustering prototypes", [&] {
    if (!impl_->frozen)
      throw core::UsageError("pbip clusters what a frozen encoder sees: give --frozen-encoder, or the prototypes with --bank");
    if (impl_->bridge) throw core::UsageError("pbip's prototypes are 512 wide: the frozen encoder must give as many features");
    const torch::NoGradGuard no_grad;
    const network::ModelInfo& info = impl_->model.info();
    std::vector<std::vector<Tensor>> features(info.classes.names.size());
    for (network::PatchBatch batch = next(); batch.count > 0; batch = next()) {
      const Tensor seen = (*impl_->frozen)(impl_->model.impl().images(batch), impl_->options.bfloat16).cpu();
      const Tensor classes = impl_->model.impl().labels(batch).argmax(1).cpu();
      for (std::int64_t b = 0; b < seen.size(0); ++b)
        features[static_cast<std::size_t>(classes[b].item<std::int64_t>())].push_back(seen[b]);
    }
    std::vector<Tensor> centres;
    for (std::size_t c = 0; c < features.size(); ++c) {
      centres.push_back(core::with_context("class " + info.classes.names[c] + ", alone in an image", [&] {
        if (features[c].empty()) throw core::Error("there is none; give the prototypes with --bank");
        return network::cosine_kmeans(torch::stack(features[c]), info.prototypes_per_class, impl_->options.seed + c);
      }));
    }
    impl_->set_prototypes(torch::cat(centres));
  });
}

network::PatchModel& Trainer::model() {
  network::PatchModel& kept = impl_->average ? *impl_->average : impl_->model;
  kept.impl().info.provenance["iterations"] = std::to_string(impl_->iteration);
  return kept;
}

std::map<std::string, std::string> Trainer::arithmetic() const {
  std::map<std::string, std::string> arithmetic{{"device", impl_->device.str()},
                                                {"precision", impl_->options.bfloat16 ? "bfloat16" : "float32"},
                                                {"processes", std::to_string(impl_->group ? impl_->group->size() : 1)}};
  if (impl_->device.is_cpu()) arithmetic["threads"] = std::to_string(at::get_num_threads());
  return arithmetic;
}

void Trainer::save_state(const std::filesystem::path& path, const std::map<std::string, std::string>& notes) const {
  runtime::with_torch_errors("saving the state", [&] {
    weights::TensorFile file{impl_->state(), notes};
    file.metadata.merge(arithmetic());
    file.tensors[kRandom] = at::detail::getDefaultCPUGenerator().get_state();
    file.metadata["format"] = network::kStateFormat;
    file.metadata[kIteration] = std::to_string(impl_->iteration);
    weights::write_safetensors(path, file);
  });
}

std::map<std::string, std::string> Trainer::load_state(const std::filesystem::path& path) {
  weights::TensorFile file = weights::read_safetensors(path);
  return core::with_context(path.string(), [&] {
    return runtime::with_torch_errors("taking up the state", [&] {
      if (file.metadata["format"] != network::kStateFormat || !file.tensors.contains(kRandom))
        throw core::Error("is not the state of a training");
      const torch::NoGradGuard no_grad;
      for (auto& [name, tensor] : impl_->state()) {
        const auto found = file.tensors.find(name);
        if (found == file.tensors.end() || found->second.sizes() != tensor.sizes())
          throw core::Error("is the state of another training: tensor " + name + " is missing or of another shape");
        Tensor(tensor).copy_(found->second);
      }
      at::Generator random = at::detail::getDefaultCPUGenerator();
      random.set_state(file.tensors.at(kRandom));
      impl_->iteration = std::stoll(file.metadata.at(kIteration));
      return file.metadata;
    });
  });
}

}  // namespace wsi_lpd::model::training
