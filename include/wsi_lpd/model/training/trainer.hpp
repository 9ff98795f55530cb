#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/model/runtime/process_group.hpp"
#include "wsi_lpd/model/training/loss_options.hpp"

namespace wsi_lpd::model::training {

struct TrainOptions {
  double lr = 5e-5;
  double weight_decay = 1e-3;
  std::int64_t iterations = 0;            ///< number of steps in all
  std::int64_t warmup_iterations = 0;     ///< steps with L_cls alone
  std::int64_t lr_warmup_iterations = 0;  ///< steps with a rising learning rate; equal to warmup_iterations in the published configuration
  double warmup_ratio = 1e-6;             ///< learning rate of step 0, as a share of lr
  double power = 0.9;                     ///< of the polynomial decay
  LossOptions loss{};
  std::filesystem::path from{};            ///< model file that the training begins with, whose ModelInfo is the trainer's; empty: none
  bool freeze_encoder = false;             ///< only prototypes, their projections and logit scales change
  std::filesystem::path weights{};         ///< initial weights of the encoder (load_encoder_weights); empty: random
  std::filesystem::path frozen_encoder{};  ///< encoder for L_sim (load_frozen_encoder); empty: no L_sim
  std::filesystem::path bank{};            ///< PBIP: safetensors file with `prototypes` [C·k, 512]; empty: cluster_prototypes()
  double drop_path = 0.1;
  bool bfloat16 = false;  ///< matrix products of the encoder in bfloat16; weights, gradients and losses stay float32
  double ema = 0;         ///< decay of the moving average of the weights, which becomes the model; 0: no average
  std::uint64_t seed = 0;
  std::string device = "cpu";  ///< "cpu", "cuda" or "cuda:n"
  int threads = 0;             ///< LibTorch's thread count, set for the whole process; 0: unchanged
};

/// Learning rate of a step: linear warm-up from `warmup_ratio`, then polynomial decay over all iterations, as in the published code.
/// Constant after the last step. Thread-safe.
double learning_rate(const TrainOptions& options, std::int64_t iteration);

struct StepReport {
  double learning_rate = 0;
  double total = 0;
  double classification = 0;
  std::array<double, 4> bce{};
  double diversity = 0;                   ///< this and the next three are 0 during warm-up
  double foreground = 0, background = 0;  ///< contrastive terms of L_sim
  double map_mean = 0;
  double pixel = 0;           ///< pixel_loss(); this and the next two are 0 without their targets
  double teacher = 0;         ///< teacher_loss()
  double agreement = 0;       ///< agreement_loss()
  double gradient_norm = 0;   ///< L2, over all parameters
  std::int64_t selected = 0;  ///< selected (image, prototype) pairs in L_sim
};

/// Trains an LPD network. Not thread-safe. Uses LibTorch's intra-op threads. With a group, every process of it has a Trainer with the same
/// options, and makes the same steps with its share of each batch. The losses are those of the whole batch, and the weights stay the same.
class Trainer {
 public:
  /// Effects on the process: sets LibTorch's thread count if `threads` is above 0, and seeds its default random generators with `seed`.
  /// With `from` the model begins as that file's, presence head included; `info` must name the same network and classes. Throws UsageError:
  /// no iterations, unusable device, options that do not fit the encoder or the bank; Error: a file can't be read.
  /// `group` must outlive the trainer; null: this process trains alone.
  Trainer(network::ModelInfo info, TrainOptions options, const runtime::ProcessGroup* group = nullptr);
  ~Trainer();
  std::int64_t iteration() const;
  /// Takes what the next step depends on from rank 0's trainer. Before the first step of a group: a state and prototypes are rank 0's.
  void take_from_first();
  /// One optimiser step. Throws Error when the loss or a gradient is not finite, or another process of the group has ended. The
  /// state is then as before the step.
  StepReport step(const network::PatchBatch& batch);
  /// PBIP: sets the prototypes of each class to the centres (cosine_kmeans) of the frozen encoder's features of its images. `next` returns
  /// batches of images that carry one class alone, and at the end a batch with count 0. Throws UsageError: no frozen encoder, or one whose
  /// width is not 512; Error: fewer images of a class than prototypes.
  void cluster_prototypes(const std::function<network::PatchBatch()>& next);
  /// The model as trained so far; with `ema`, the moving average. The reference is valid as long as the trainer lives.
  network::PatchModel& model();

  /// Device, precision, number of processes and, on a CPU, of threads, by name. If one of them differs, the same steps give results that
  /// differ in their last digits.
  std::map<std::string, std::string> arithmetic() const;

  /// Saves everything that the next step depends on, through a PartFile: weights, optimiser state, moving average, LibTorch's default CPU
  /// random generator, iteration; and arithmetic() and `notes`. Throws Error.
  void save_state(const std::filesystem::path& path, const std::map<std::string, std::string>& notes) const;
  /// Restores a saved state, including LibTorch's default CPU random generator. On a CPU with the same number of threads, the same steps
  /// then give the same bytes. Returns the notes and the other metadata. Throws Error when the file is not a state, or the state of another
  /// network or optimiser.
  std::map<std::string, std::string> load_state(const std::filesystem::path& path);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::model::training
