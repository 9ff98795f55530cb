#include "wsi_lpd/model/network/presence_head.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/roc_area.hpp"
#include "wsi_lpd/model/network/calibration.hpp"
#include "wsi_lpd/model/network/logistic_regression.hpp"
#include "wsi_lpd/model/network/presence_labels.hpp"

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

constexpr int kFolds = 5;
constexpr std::int64_t kFewest = 5;  // images with a class, and without it
constexpr std::array kExponents{-4.0, -3.5, -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0};

/// Features of images to fit on, and the way of others to the same units.
class Standardised {
 public:
  explicit Standardised(const Tensor& features) : mean_(features.mean(0)), deviation_(features.std(0, /*unbiased=*/false)) {
    deviation_ = torch::where(deviation_ > 0, deviation_, torch::ones_like(deviation_));
    values_ = (features - mean_) / deviation_;
    if (values_.size(1) <= values_.size(0)) return;
    // The weights are sums of the images' features, so fewer images than features need no more coordinates than images.
    basis_ = std::get<0>(torch::linalg_qr(values_.t()));
    values_ = values_.mm(basis_);
  }
  const Tensor& values() const { return values_; }
  /// The same model for features as they are.
  LogisticModel unstandardised(const LogisticModel& model) const {
    const Tensor weight = (basis_.defined() ? basis_.mv(model.weight) : model.weight) / deviation_;
    return {weight, model.intercept - weight.dot(mean_).item<double>()};
  }

 private:
  Tensor mean_, deviation_, values_, basis_;
};

/// Models [strength][C] for features as they are.
using Models = std::vector<std::vector<LogisticModel>>;

Models fit_all(const Tensor& features, const Tensor& labels, const std::vector<double>& strengths) {
  const Standardised standardised(features);
  Models models(strengths.size());
  for (std::int64_t c = 0; c < labels.size(1); ++c) {
    const Tensor known = (~labels.select(1, c).isnan()).nonzero().flatten(), truth = labels.select(1, c).index_select(0, known);
    const Tensor values = standardised.values().index_select(0, known);
    LogisticModel model;
    for (std::size_t s = 0; s < strengths.size(); ++s) {
      model = fit_logistic(values, truth, strengths[s], s > 0 ? &model : nullptr);
      models[s].push_back(standardised.unstandardised(model));
    }
  }
  return models;
}

Tensor scores_of(const std::vector<LogisticModel>& models, const Tensor& features) {
  std::vector<Tensor> columns;
  columns.reserve(models.size());
  for (const LogisticModel& model : models) columns.push_back(model.scores(features));
  return torch::stack(columns, 1);
}

/// Log loss of scores [N, C] with both kinds of images of a class weighted equally, mean over the classes.
double balanced_loss(const Tensor& scores, const Tensor& labels) {
  const Tensor loss = torch::binary_cross_entropy_with_logits(scores, labels, {}, {}, at::Reduction::None);
  const Tensor with = (loss * labels).sum(0) / labels.sum(0), without = (loss * (1 - labels)).sum(0) / (1 - labels).sum(0);
  return ((with + without) / 2).mean().item<double>();
}

void check_finite(const Tensor& features) {
  if (!features.isfinite().all().item<bool>()) throw core::Error("the encoder gives features that are not finite");
}

/// The images of a fold, or all others.
Tensor indices(const std::vector<int>& folds, int fold, bool in) {
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < folds.size(); ++i)
    if ((folds[i] == fold) == in) found.push_back(static_cast<std::int64_t>(i));
  return torch::tensor(found, torch::kLong);
}

/// The fold of each image. Throws Error as check_presence_labels().
std::vector<int> checked_folds(const Tensor& labels, const std::vector<std::string>& groups, const std::vector<std::string>& classes) {
  if (std::ranges::all_of(groups, [&](const std::string& group) { return group == groups.front(); }))
    throw core::Error("all images are of one patient (" + (groups.empty() ? "none" : groups.front()) +
                      "): held-out images of other patients are needed, of at least two");
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto with = labels.select(1, static_cast<std::int64_t>(c)).sum().item<std::int64_t>();
    if (std::min(with, labels.size(0) - with) < kFewest)
      throw core::Error("class " + classes[c] + " is in " + std::to_string(with) + " of " + std::to_string(labels.size(0)) +
                        " images; at least " + std::to_string(kFewest) + " with it and " + std::to_string(kFewest) +
                        " without it are needed");
  }
  std::vector<int> folds = folds_of_groups(groups, labels, kFolds);
  for (int fold = 0; fold <= *std::ranges::max_element(folds); ++fold) {
    const Tensor seen = labels.index_select(0, indices(folds, fold, false));
    for (std::size_t c = 0; c < classes.size(); ++c) {
      const Tensor column = seen.select(1, static_cast<std::int64_t>(c));
      if (column.min().item<double>() == column.max().item<double>())
        throw core::Error("all images with class " + classes[c] + ", or all without it, are of one patient or fold");
    }
  }
  return folds;
}

/// The rows of `extra` with the patients that a fold does not hold out, in double.
ExtraFeatures outside(const ExtraFeatures& extra, const std::set<std::string>& held_out) {
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < extra.groups.size(); ++i)
    if (!held_out.contains(extra.groups[i])) rows.push_back(static_cast<std::int64_t>(i));
  if (rows.empty()) return {};
  const Tensor at = torch::tensor(rows, torch::kLong);
  return {extra.features.index_select(0, at).to(torch::kDouble), extra.labels.index_select(0, at).to(torch::kDouble)};
}

Tensor with(const Tensor& rows, const Tensor& more) { return more.defined() ? torch::cat({rows, more}) : rows; }

/// The patients of a fold; `folds` may be longer than `groups`, whose images it then repeats.
std::set<std::string> patients_of(const std::vector<std::string>& groups, const std::vector<int>& folds, int fold) {
  std::set<std::string> patients;
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (folds[i] == fold) patients.insert(groups[i]);
  return patients;
}

/// Scores [strength] of [N, C] by models that were fitted without an image's fold.
std::vector<Tensor> held_out_scores(const Tensor& features, const Tensor& labels, const std::vector<std::string>& groups,
                                    const std::vector<int>& folds, const std::vector<double>& strengths, const ExtraFeatures& extra) {
  std::vector<Tensor> scores(strengths.size());
  for (Tensor& score : scores) score = torch::zeros_like(labels);
  for (int fold = 0; fold <= *std::ranges::max_element(folds); ++fold) {
    const Tensor inside = indices(folds, fold, true), others = indices(folds, fold, false);
    const Tensor seen = labels.index_select(0, others);
    const ExtraFeatures more = outside(extra, patients_of(groups, folds, fold));
    const Models models = fit_all(with(features.index_select(0, others), more.features), with(seen, more.labels), strengths);
    const Tensor apart = features.index_select(0, inside);
    for (std::size_t s = 0; s < strengths.size(); ++s) scores[s].index_copy_(0, inside, scores_of(models[s], apart));
  }
  return scores;
}

std::vector<double> areas_of(const Tensor& scores, const Tensor& labels) {
  std::vector<double> areas;
  const auto images = static_cast<std::size_t>(scores.size(0));
  for (std::int64_t c = 0; c < scores.size(1); ++c) {
    const Tensor values = scores.select(1, c).to(torch::kFloat).contiguous(), truth = labels.select(1, c).to(torch::kFloat).contiguous();
    areas.push_back(core::roc_area({values.const_data_ptr<float>(), images}, {truth.const_data_ptr<float>(), images}));
  }
  return areas;
}

}  // namespace

Tensor PresenceHead::score_maps(const Tensor& maps) const { return torch::conv2d(maps, weight.unsqueeze(-1).unsqueeze(-1), bias); }

std::vector<int> folds_of_groups(const std::vector<std::string>& groups, const Tensor& labels, int folds) {
  const Tensor truth = labels.to(torch::kDouble),
               kinds = torch::cat({torch::ones({truth.size(0), 1}, torch::kDouble), truth, 1 - truth}, 1);
  const Tensor shares = kinds / kinds.sum(0).clamp_min(1);
  std::map<std::string, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < groups.size(); ++i) members[groups[i]].push_back(i);
  std::vector<const std::vector<std::size_t>*> order;
  for (const auto& [name, images] : members) order.push_back(&images);
  std::ranges::stable_sort(order, std::greater<>(), [](const auto* images) { return images->size(); });
  const int count = std::min(folds, static_cast<int>(members.size()));
  std::vector<Tensor> sums(static_cast<std::size_t>(count), torch::zeros({kinds.size(1)}, torch::kDouble));
  std::vector<int> result(groups.size());
  for (const auto* images : order) {
    Tensor share = torch::zeros({kinds.size(1)}, torch::kDouble);
    for (const std::size_t i : *images) share = share + shares[static_cast<std::int64_t>(i)];
    const auto unevenness = [&](const Tensor& sum) { return ((sum + share).square() - sum.square()).sum().item<double>(); };
    const auto best = std::ranges::min_element(sums, {}, unevenness);
    *best = *best + share;
    for (const std::size_t i : *images) result[i] = static_cast<int>(best - sums.begin());
  }
  return result;
}

void check_presence_labels(const std::vector<float>& labels, const std::vector<std::string>& groups,
                           const std::vector<std::string>& classes) {
  const torch::NoGradGuard no_grad;
  checked_folds(torch::tensor(labels).view({-1, static_cast<std::int64_t>(classes.size())}), groups, classes);
}

PresenceFit fit_presence(const Tensor& features, const Tensor& labels, const std::vector<std::string>& groups,
                         const std::vector<std::string>& classes, const Tensor& altered, const ExtraFeatures& extra) {
  const torch::NoGradGuard no_grad;
  for (const Tensor& given : {features, altered, extra.features})
    if (given.defined()) check_finite(given);
  Tensor inputs = features.to(torch::kDouble), truth = labels.to(torch::kDouble);
  std::vector<int> folds = checked_folds(truth, groups, classes);
  if (altered.defined()) {
    inputs = torch::cat({inputs, altered.to(torch::kDouble)});
    truth = torch::cat({truth, truth});
    folds.insert(folds.end(), folds.begin(), folds.begin() + labels.size(0));
  }
  std::vector<double> strengths;
  for (const double exponent : kExponents) strengths.push_back(std::pow(10.0, exponent));
  const std::vector<Tensor> held_out = held_out_scores(inputs, truth, groups, folds, strengths, extra);
  std::vector<double> losses;
  for (const Tensor& scores : held_out) losses.push_back(balanced_loss(scores, truth));
  const auto best = static_cast<std::size_t>(std::ranges::min_element(losses) - losses.begin());
  PresenceFit fit;
  fit.strength = strengths[best];
  fit.held_out = held_out[best].narrow(0, 0, labels.size(0)).to(torch::kFloat);
  fit.auc = areas_of(fit.held_out, labels);
  fit.calibration = fit_calibration(held_out[best].to(torch::kFloat), truth.to(torch::kFloat));
  std::vector<Tensor> weights;
  std::vector<double> biases;
  const ExtraFeatures all = outside(extra, {});
  const Models models = fit_all(with(inputs, all.features), with(truth, all.labels), {fit.strength});
  for (const LogisticModel& model : models.front()) {
    weights.push_back(model.weight);
    biases.push_back(model.intercept);
  }
  fit.head = {torch::stack(weights).to(torch::kFloat), torch::tensor(biases, torch::kDouble).to(torch::kFloat)};
  return fit;
}

}  // namespace wsi_lpd::model::network
