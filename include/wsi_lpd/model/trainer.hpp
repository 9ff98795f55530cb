#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "wsi_lpd/model/loss_options.hpp"
#include "wsi_lpd/model/patch_model.hpp"

namespace wsi_lpd::model {

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
  double drop_path = 0.1;
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
  std::int64_t selected = 0;  ///< prototypes that L_sim looked at
};

/// The LPD network under training. Not thread-safe; uses LibTorch's own threads.
class Trainer {
 public:
  Trainer(ModelInfo info, TrainOptions options);
  ~Trainer();
  std::int64_t iteration() const;
  /// One optimiser step. Throws Error when a loss is not finite.
  StepReport step(const PatchBatch& batch);
  /// The model as it has been trained so far. Lives as long as the trainer.
  PatchModel& model();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::model
