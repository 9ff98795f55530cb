#pragma once
#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

namespace wsi_lpd::model::training {

/// AdamW (Loshchilov & Hutter 2019; β 0.9 and 0.999, ε 1e-8) on named float32 parameters. Its state can be saved and restored bit by bit. A
/// parameter without a gradient is not changed. Not thread-safe.
class AdamW {
 public:
  explicit AdamW(double weight_decay) : weight_decay_(weight_decay) {}
  void add(const std::string& name, const torch::Tensor& parameter);
  void clear_gradients();
  /// The gradients that there are; not copies.
  std::vector<torch::Tensor> gradients() const;
  /// L2 norm over all gradients, a scalar on their device.
  torch::Tensor gradient_norm() const;
  void step(double learning_rate);

  /// Adds the tensors of the state (references, not copies) as "adamw.<parameter>.mean", ".square" and ".steps".
  void add_state(std::map<std::string, torch::Tensor>& tensors) const;

 private:
  struct Slot {
    std::string name;
    torch::Tensor parameter, mean, square, steps;
  };
  double weight_decay_;
  std::vector<Slot> slots_;
};

}  // namespace wsi_lpd::model::training
