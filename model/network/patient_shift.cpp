#include "wsi_lpd/model/network/patient_shift.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

constexpr std::size_t kFewestPatients = 10, kFewestRepeats = 10;
constexpr double kMostImages = 20;       // that the images of a patient count as
constexpr double kTrainingImages = 1;    // that the training images' shares of the sets of labels count as
constexpr double kLeastVariance = 1e-3;  // of the largest variance, in any direction
constexpr double kNoVariance = 1e-6;     // scores that do not differ tell nothing
constexpr int kSteps = 60;               // far more than the shift needs to settle

/// Values, row by row.
template <class Value>
Tensor matrix_of(const std::vector<Value>& values, std::size_t columns) {
  return torch::tensor(values, torch::kDouble).view({-1, static_cast<std::int64_t>(columns)});
}

std::vector<double> values_of(const Tensor& tensor) {
  const Tensor packed = tensor.contiguous();
  return {packed.const_data_ptr<double>(), packed.const_data_ptr<double>() + packed.numel()};
}

/// The nearest symmetric matrix none of whose variances is below the share kLeastVariance of `most`.
Tensor positive_definite(const Tensor& matrix, double most) {
  const auto [variances, axes] = torch::linalg_eigh((matrix + matrix.t()) / 2, "L");
  return axes.mm(variances.clamp_min(kLeastVariance * most).diag()).mm(axes.t());
}

bool is_positive_definite(const Tensor& matrix) {
  return (matrix - matrix.t()).abs().max().item<double>() <= 1e-6 * matrix.abs().max().item<double>() &&
         std::get<0>(torch::linalg_eigh(matrix, "L")).min().item<double>() > 0;
}

}  // namespace

bool PatientScatter::is_sound(std::size_t classes) const {
  const auto finite = [](const std::vector<double>& values) {
    return std::ranges::all_of(values, [](double v) { return std::isfinite(v); });
  };
  if (shares.empty() || means.size() != shares.size() * classes || within.size() != classes * classes ||
      between.size() != classes * classes)
    return false;
  if (!finite(shares) || !finite(means) || !finite(within) || !finite(between)) return false;
  if (!std::ranges::all_of(shares, [](double share) { return share > 0; })) return false;
  return is_positive_definite(matrix_of(within, classes)) && is_positive_definite(matrix_of(between, classes));
}

std::optional<PatientScatter> fit_patient_scatter(const std::vector<float>& margins, const std::vector<float>& labels,
                                                  const std::vector<std::string>& groups, std::size_t classes) {
  std::map<std::string, std::vector<std::int64_t>> patients;
  for (std::size_t i = 0; i < groups.size(); ++i) patients[groups[i]].push_back(static_cast<std::int64_t>(i));
  if (patients.size() < kFewestPatients || groups.size() < patients.size() + kFewestRepeats) return {};

  const torch::NoGradGuard no_grad;
  const auto count = static_cast<std::int64_t>(groups.size());
  const auto images = static_cast<double>(count), spare_patients = static_cast<double>(patients.size() - 1);
  const Tensor truth = matrix_of(labels, classes), observed = matrix_of(margins, classes);
  const auto with_base = [](const Tensor& y) { return torch::cat({torch::ones({y.size(0), 1}, y.options()), y}, 1); };
  const Tensor effects = std::get<0>(torch::linalg_lstsq(with_base(truth), observed, {}, "gelsd"));
  const Tensor residuals = observed - with_base(truth).mm(effects);

  // Analysis of variance of unequally many images a patient.
  Tensor inside = torch::zeros({observed.size(1), observed.size(1)}, torch::kDouble), means = inside.clone();
  double squares = 0;
  for (const auto& [name, rows] : patients) {
    const Tensor own = residuals.index_select(0, torch::tensor(rows, torch::kLong)), mean = own.mean(0);
    inside += (own - mean).t().mm(own - mean);
    means += static_cast<double>(rows.size()) * torch::outer(mean, mean);
    squares += static_cast<double>(rows.size() * rows.size());
  }
  const Tensor within = inside / (images - static_cast<double>(patients.size()));
  const Tensor between = (means / spare_patients - within) / ((images - squares / images) / spare_patients);
  const double most = torch::max(within.diag().max(), between.diag().max()).item<double>();
  if (!(most > kNoVariance)) return {};

  const auto [sets, inverse, counts] = torch::unique_dim(truth, 0, /*sorted=*/true, /*return_inverse=*/false, /*return_counts=*/true);
  return PatientScatter{values_of(counts.to(torch::kDouble) / images), values_of(with_base(sets).mm(effects)),
                        values_of(positive_definite(within, most)), values_of(positive_definite(between, most))};
}

std::vector<float> patient_shift(const PatientScatter& scatter, const std::vector<float>& margins) {
  const torch::NoGradGuard no_grad;
  const std::size_t classes = scatter.classes();
  if (margins.empty()) return std::vector<float>(classes, 0);
  const Tensor observed = matrix_of(margins, classes), prior = torch::tensor(scatter.shares, torch::kDouble);
  const auto images = static_cast<double>(observed.size(0));
  const double counted = std::min(images, kMostImages);
  const Tensor precision = torch::linalg_inv(matrix_of(scatter.within, classes));
  const Tensor all = counted * precision, shrunk = torch::linalg_solve(all + torch::linalg_inv(matrix_of(scatter.between, classes)), all);
  const Tensor apart = observed.unsqueeze(1) - matrix_of(scatter.means, classes);  // [N, K, C]
  Tensor shift = torch::zeros({observed.size(1)}, torch::kDouble), shares = prior;
  for (int step = 0; step < kSteps; ++step) {
    const Tensor rest = apart - shift;
    const Tensor likelihood = (rest.matmul(precision) * rest).sum(-1) * -0.5;           // [N, K], log
    const Tensor belongs = torch::softmax(likelihood + shares.log(), 1).unsqueeze(-1);  // [N, K, 1]
    shares = (belongs.sum(at::IntArrayRef({0, 2})) * (counted / images) + kTrainingImages * prior) / (counted + kTrainingImages);
    shift = shrunk.mv((belongs * apart).sum(at::IntArrayRef({0, 1})) / images);
  }
  const Tensor found = shift.to(torch::kFloat);
  return {found.const_data_ptr<float>(), found.const_data_ptr<float>() + found.numel()};
}

}  // namespace wsi_lpd::model::network
