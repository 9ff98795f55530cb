#include "wsi_lpd/model/network/logistic_regression.hpp"

#include <algorithm>

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

constexpr int kMostSteps = 100, kMostHalvings = 40;
constexpr double kTolerance = 1e-9;

/// The function that is minimised, of [weight, intercept] as one vector.
class Objective {
 public:
  Objective(const Tensor& features, const Tensor& labels, double strength)
      : inputs_(torch::cat({features, features.new_ones({features.size(0), 1})}, 1)),
        targets_((labels > 0.5).to(torch::kDouble)),
        penalty_(torch::cat({features.new_ones({features.size(1)}), features.new_zeros({1})})) {
    const auto count = static_cast<double>(labels.size(0));
    const Tensor with = targets_.sum();
    cost_ = strength * torch::where(targets_ > 0.5, count / (2 * with), count / (2 * (count - with)));
  }

  double value(const Tensor& point) const {
    const Tensor loss = torch::binary_cross_entropy_with_logits(inputs_.mv(point), targets_, cost_, {}, at::Reduction::Sum);
    return loss.item<double>() + 0.5 * (penalty_ * point * point).sum().item<double>();
  }
  Tensor gradient(const Tensor& point) const { return penalty_ * point + inputs_.t().mv(cost_ * (inputs_.mv(point).sigmoid() - targets_)); }
  Tensor newton_step(const Tensor& point, const Tensor& gradient) const {
    const Tensor p = inputs_.mv(point).sigmoid();
    const Tensor hessian = inputs_.t().mm(inputs_ * (cost_ * p * (1 - p) + 1e-12).unsqueeze(1)) + penalty_.diag();
    return torch::cholesky_solve(gradient.unsqueeze(1), torch::linalg_cholesky(hessian)).squeeze(1);
  }
  double scale() const { return cost_.sum().item<double>(); }

 private:
  Tensor inputs_, targets_, penalty_, cost_;
};

}  // namespace

LogisticModel fit_logistic(const Tensor& features, const Tensor& labels, double strength, const LogisticModel* start) {
  const torch::NoGradGuard no_grad;
  const Objective objective(features, labels, strength);
  const std::int64_t width = features.size(1);
  Tensor point = features.new_zeros({width + 1});
  if (start) point = torch::cat({start->weight, torch::full({1}, start->intercept, torch::kDouble)});
  double value = objective.value(point);
  for (int step = 0; step < kMostSteps; ++step) {
    const Tensor gradient = objective.gradient(point);
    if (gradient.abs().max().item<double>() <= kTolerance * objective.scale()) break;
    const Tensor direction = objective.newton_step(point, gradient);
    const double slope = gradient.dot(direction).item<double>();
    double length = 1;
    Tensor next = point - direction;
    double next_value = objective.value(next);
    for (int h = 0; h < kMostHalvings && !(next_value <= value - 1e-4 * length * slope); ++h) {
      length /= 2;
      next = point - length * direction;
      next_value = objective.value(next);
    }
    if (!(next_value <= value)) break;  // no better within rounding
    point = next;
    value = next_value;
  }
  return {point.slice(0, 0, width).clone(), point[width].item<double>()};
}

Tensor logistic_gradient(const Tensor& features, const Tensor& labels, double strength, const LogisticModel& model) {
  const torch::NoGradGuard no_grad;
  return Objective(features, labels, strength).gradient(torch::cat({model.weight, torch::full({1}, model.intercept, torch::kDouble)}));
}

}  // namespace wsi_lpd::model::network
