#include "adamw.hpp"

#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>

namespace wsi_lpd::model::training {

using torch::Tensor;

void AdamW::add(const std::string& name, const Tensor& parameter) {
  const Tensor values = parameter.detach();
  slots_.push_back({name, parameter, torch::zeros_like(values), torch::zeros_like(values),
                    torch::zeros({}, torch::TensorOptions(torch::kFloat).device(parameter.device()))});
}

void AdamW::clear_gradients() {
  for (Slot& slot : slots_) slot.parameter.mutable_grad().reset();
}

std::vector<Tensor> AdamW::gradients() const {
  std::vector<Tensor> gradients;
  for (const Slot& slot : slots_)
    if (slot.parameter.grad().defined()) gradients.push_back(slot.parameter.grad());
  return gradients;
}

Tensor AdamW::gradient_norm() const { return torch::stack(at::_foreach_norm(gradients())).norm(); }

void AdamW::step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> parameters, gradients, means, squares, steps;
  for (Slot& slot : slots_) {
    if (!slot.parameter.grad().defined()) continue;
    slot.steps += 1;
    parameters.push_back(slot.parameter);
    gradients.push_back(slot.parameter.grad());
    means.push_back(slot.mean);
    squares.push_back(slot.square);
    steps.push_back(slot.steps);
  }
  at::_fused_adamw_(parameters, gradients, means, squares, {}, steps, learning_rate, 0.9, 0.999, weight_decay_, 1e-8, /*amsgrad=*/false,
                    /*maximize=*/false);
}

void AdamW::add_state(std::map<std::string, Tensor>& tensors) const {
  for (const Slot& slot : slots_) {
    tensors["adamw." + slot.name + ".mean"] = slot.mean;
    tensors["adamw." + slot.name + ".square"] = slot.square;
    tensors["adamw." + slot.name + ".steps"] = slot.steps;
  }
}

}  // namespace wsi_lpd::model::training
