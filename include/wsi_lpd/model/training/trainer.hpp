#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/model/training/loss_options.hpp"

namespace wsi_lpd::model::training {

struct TrainOptions {
  double lr = 5e-5;
  double weight_decay = 1e-3;
  std::int64_t iterations = 0;            ///< all steps
  std::int64_t warmup_iterations = 0;     ///< L_cls alone
  std::int64_t lr_warmup_iterations = 0;  ///< a rising learning rate; the published configuration has as many of both
  double warmup_ratio = 1e-6;             ///< learning rate of step 0, as a share of lr
  double power = 0.9;                     ///< of the polynomial decay
  LossOptions loss{};
  std::filesystem::path weights{};         ///< the encoder's first weights (load_encoder_weights); empty: random
  std::filesystem::path frozen_encoder{};  ///< teaches the prototypes (L_sim); empty: no L_sim
  std::filesystem::path bank{};            ///< PBIP's prototypes: safetensors with `prototypes` [C·k, 512]; empty: cluster_prototypes()
  double drop_path = 0.1;
  bool bfloat16 = false;  ///< the encoder's products in bfloat16; weights, gradients and losses stay float32
  double ema = 0;         ///< decay of the moving average of the weights that becomes the model; 0: the weights themselves
  std::uint64_t seed = 0;
  std::string device = "cpu";  ///< "cpu", "cuda" or "cuda:n"
  int threads = 0;             ///< of LibTorch, for the whole process; 0 leaves them as they are
};

/// Rate of one step: linear warm-up from `warmup_ratio`, then polynomial decay over all iterations, as the published code has
/// it; past the last step it stays.
double learning_rate(const TrainOptions& options, std::int64_t iteration);

struct StepReport {
  double learning_rate = 0;
  double total = 0;
  double classification = 0;
  std::array<double, 4> bce{};
  double diversity = 0;                   ///< this and the next are 0 during warm-up
  double foreground = 0, background = 0;  ///< contrastive terms of L_sim
  double map_mean = 0;
  double gradient_norm = 0;   ///< L2, over all parameters
  std::int64_t selected = 0;  ///< prototypes that L_sim looked at
};

/// The LPD network under training. Not thread-safe; uses LibTorch's own threads.
class Trainer {
 public:
  Trainer(network::ModelInfo info, TrainOptions options);
  ~Trainer();
  std::int64_t iteration() const;
  /// One optimiser step. Throws Error when the loss or a gradient is not finite; the weights are then those before the step.
  StepReport step(const network::PatchBatch& batch);
  /// PBIP: the prototypes of each class become the centres of its images in the frozen encoder's eyes (cosine k-means). `next` gives images
  /// that carry one class alone, until it returns a batch with count 0. Throws Error: no frozen encoder, one of another width than 512,
  /// fewer images of a class than prototypes.
  void cluster_prototypes(const std::function<network::PatchBatch()>& next);
  /// The model as it has been trained so far. Lives as long as the trainer.
  network::PatchModel& model();

  /// Device, precision and, on a CPU, threads, by name: with others the same steps give results that differ in their last digits.
  std::map<std::string, std::string> arithmetic() const;

  /// Everything that the next step depends on, arithmetic() and `notes` of the caller: weights, optimiser, moving average, random numbers,
  /// iteration. Through a PartFile.
  void save_state(const std::filesystem::path& path, const std::map<std::string, std::string>& notes) const;
  /// Takes up where save_state() left; on a CPU with the same number of threads, the same steps then give the same bytes. Returns the
  /// notes. Throws Error when the file is not a state, or one of another network or optimiser.
  std::map<std::string, std::string> load_state(const std::filesystem::path& path);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::model::training
