#include "training_judge.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "wsi_lpd/pipeline/training/evaluate.hpp"
#include "wsi_lpd/pipeline/training/fit_presence.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

constexpr const char *kMasks = "valid_miou_predicted", *kImageLabels = "valid_f1", *kNothing = "nothing";

std::string judged_by(const PatchSet& valid) {
  if (valid.count() == 0) return kNothing;
  for (std::size_t i = 0; i < valid.count(); ++i) {
    const std::vector<float>& labels = valid.labels(i);
    if (valid.has_mask(i) && std::find(labels.begin(), labels.end(), 1.0F) != labels.end()) return kMasks;
  }
  return valid.has_mask(0) ? kNothing : kImageLabels;
}

std::string exact(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

std::string text_of(const std::optional<raster::ConfusionMatrix>& matrix, int& classes) {
  std::string text;
  if (!matrix) return text;
  classes = matrix->classes();
  for (const std::int64_t count : matrix->counts()) text += std::to_string(count) + " ";
  return text;
}

std::optional<raster::ConfusionMatrix> matrix_of(const std::string& text, int classes) {
  std::istringstream stream(text);
  std::vector<std::int64_t> counts;
  for (std::int64_t count; stream >> count;) counts.push_back(count);
  if (counts.empty()) return {};
  return raster::ConfusionMatrix(classes, std::move(counts));
}

}  // namespace

TrainingJudge::TrainingJudge(const PatchSet& valid, std::int64_t warmup, std::int64_t iterations)
    : valid_(valid), warmup_(warmup < iterations ? warmup : 0), by_(judged_by(valid)) {}

EpochJudgement TrainingJudge::judge(model::network::PatchModel& model, std::int64_t iteration, const core::CancelFlag& cancel) {
  EpochJudgement epoch{.model = {.judged = {.by = by_, .iteration = iteration}}, .in_warmup = iteration <= warmup_};
  if (by_ == kNothing) return epoch;
  core::SilentObserver quiet;  // the progress of the training stays
  const bool masks = by_ == kMasks;
  if (model.info().presence && heads_.empty()) heads_ = presence_scores(model, valid_, cancel);
  const Evaluation evaluation = evaluate(
      {.oracle = masks, .predicted = masks, .all_views = false, .crf = false, .shown = 0, .heads = heads_.empty() ? nullptr : &heads_},
      valid_, model, {quiet, cancel});
  epoch.f1 = evaluation.mean_f1();
  model::network::Judgement& judged = epoch.model.judged;
  if (masks) {
    epoch.model.oracle = evaluation.evaluated.front().matrix;
    epoch.model.predicted = evaluation.evaluated.back().matrix;
    judged.score = epoch.model.predicted->mean_iou();
    judged.chance = epoch.model.predicted->chance_mean_iou();
    if (std::isnan(judged.score)) judged.score = 0;  // cropping has taken every class away
    if (std::isnan(judged.chance)) judged.chance = 0;
  } else {
    judged.score = epoch.f1;
    judged.chance = evaluation.chance_f1();
  }
  return epoch;
}

void TrainingJudge::begin_with(const EpochJudgement& start, double guard) {
  kept_ = start.model;
  chosen_ = by_ != kNothing;
  if (chosen_ && guard >= 0) least_ = start.model.judged.score - guard;
}

bool TrainingJudge::is_better(const EpochJudgement& epoch) const {
  if (by_ == kNothing || !chosen_) return true;  // the newest stands in until one can be chosen
  if (least_) return epoch.model.judged.score >= *least_;
  return !epoch.in_warmup && epoch.model.judged.score > kept_.judged.score;
}

void TrainingJudge::accept(const EpochJudgement& epoch) {
  const bool better = is_better(epoch);
  if (better) kept_ = epoch.model;
  if (by_ == kNothing || epoch.in_warmup) return;
  chosen_ = true;
  epochs_since_best_ = better ? 0 : epochs_since_best_ + 1;
}

std::map<std::string, std::string> TrainingJudge::notes() const {
  int classes = 0;
  std::map<std::string, std::string> notes{{"judged_by", by_},
                                           {"best", exact(kept_.judged.score)},
                                           {"best_chance", exact(kept_.judged.chance)},
                                           {"best_iteration", std::to_string(kept_.judged.iteration)},
                                           {"best_chosen", std::to_string(chosen_)},
                                           {"best_predicted", text_of(kept_.predicted, classes)},
                                           {"best_oracle", text_of(kept_.oracle, classes)},
                                           {"epochs_since_best", std::to_string(epochs_since_best_)},
                                           {"least", least_ ? exact(*least_) : ""}};
  notes["classes"] = std::to_string(classes);
  return notes;
}

bool TrainingJudge::take_up(const std::map<std::string, std::string>& notes) {
  if (const auto by = notes.find("judged_by"); by == notes.end() || by->second != by_) return false;
  const int classes = std::stoi(notes.at("classes"));
  kept_ = {.judged = {by_, std::stod(notes.at("best")), std::stod(notes.at("best_chance")), std::stoll(notes.at("best_iteration"))},
           .predicted = matrix_of(notes.at("best_predicted"), classes),
           .oracle = matrix_of(notes.at("best_oracle"), classes)};
  chosen_ = notes.at("best_chosen") == "1";
  if (const auto least = notes.find("least"); least != notes.end() && !least->second.empty()) least_ = std::stod(least->second);
  epochs_since_best_ = std::stoi(notes.at("epochs_since_best"));
  return true;
}

}  // namespace wsi_lpd::pipeline::training
