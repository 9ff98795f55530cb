#include "wsi_lpd/pipeline/training/evaluate.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>

#include "wsi_lpd/core/roc_area.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/pipeline/training/fit_presence.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

constexpr std::size_t kCalibrationImages = 400;  // enough for stable thresholds; more would only cost time

std::span<const std::uint8_t> bytes_of(const core::Image& image) { return {image.data(), image.bytes()}; }

class Evaluator {
 public:
  Evaluator(const EvaluateOptions& options, model::network::PatchModel& model, const PatchSet& set)
      : options_(options), model_(model), set_(set), judge_(model.info(), options.presence) {
    const int classes = model.info().classes.count();
    result_.presence.resize(static_cast<std::size_t>(classes));
    for (const auto& [name, wanted] : {std::pair{"oracle", options.oracle}, {"predicted", options.predicted}}) {
      for (const bool crf : {false, true})
        if (wanted && (options.crf || !crf)) result_.evaluated.push_back({name, crf, raster::ConfusionMatrix(classes)});
    }
  }

  void add(std::size_t first) {
    const model::network::PatchBatch batch = set_.batch(first, kPatchesAtOnce);
    std::span<const model::network::HeadScores> heads;
    if (options_.heads) heads = std::span(*options_.heads).subspan(first, static_cast<std::size_t>(batch.count));
    auto [maps, margins] = judge_patches(model_, judge_, batch, options_.all_views, heads);
    for (std::size_t i = 0; i < maps.size(); ++i) judge(first + i, std::move(margins[i]));
    tbb::parallel_for(std::size_t{0}, maps.size(), [&, &seen = maps](std::size_t i) { add(first + i, seen[i]); });
  }

  Evaluation finish() {
    for (std::size_t c = 0; c < result_.presence.size(); ++c) {
      std::vector<float> scores, truths;
      for (const JudgedImage& image : result_.images) {
        scores.push_back(image.margins[c]);
        truths.push_back(image.truth[c]);
      }
      result_.auc.push_back(core::roc_area(scores, truths));
    }
    return std::move(result_);
  }

 private:
  void judge(std::size_t index, std::vector<float> margins) {
    const std::vector<float> predicted = predicted_labels(margins), truth = set_.labels(index);
    ++result_.patches;
    result_.all_classes_right += predicted == truth;
    for (std::size_t c = 0; c < predicted.size(); ++c) {
      PresenceCounts& counts = result_.presence[c];
      const bool said = predicted[c] > 0.5F, there = truth[c] > 0.5F;
      counts.hits += said && there;
      counts.false_alarms += said && !there;
      counts.misses += !said && there;
    }
    result_.images.push_back({set_.name(index), std::move(margins), predicted, truth});
  }

  void add(std::size_t index, const model::network::PatchMaps& patch) {
    const std::vector<float>& predicted = result_.images[index].predicted;
    std::vector<core::Image> labels;
    for (const char* source : {"oracle", "predicted"}) {
      const bool oracle = std::string_view(source) == "oracle";
      if (!(oracle ? options_.oracle : options_.predicted)) continue;
      const auto probabilities = model::network::class_probabilities(patch, oracle ? set_.labels(index) : predicted);
      labels.push_back(most_probable(probabilities, patch.size));
      if (!options_.crf) continue;
      const core::ImageView<const std::uint8_t> pixels{patch.crf_image.data(), patch.size, patch.size, 3, std::int64_t{3} * patch.size};
      crf::DenseCrfOptions crf = options_.crf_options;
      crf.threads = 1;  // patches run side by side
      labels.push_back(most_probable(crf::dense_crf(probabilities, model_.info().classes.count() + 1, pixels, crf), patch.size));
    }
    const core::Image truth = set_.mask(index);
    const std::lock_guard lock(mutex_);
    for (std::size_t e = 0; e < labels.size(); ++e) result_.evaluated[e].matrix.add(bytes_of(truth), bytes_of(labels[e]));
    if (!truth.empty() && !labels.empty() && options_.shown > 0) show(index, truth, std::move(labels));
  }

  void show(std::size_t index, const core::Image& truth, std::vector<core::Image> labels) {
    ShownPatch shown{.name = set_.name(index), .rgb = set_.image(index), .truth = truth};
    shown.accuracies.reserve(labels.size());
    for (const core::Image& evaluated : labels) {
      const auto right = std::inner_product(truth.data(), truth.data() + truth.bytes(), evaluated.data(), std::int64_t{0}, std::plus<>(),
                                            [](std::uint8_t a, std::uint8_t b) { return std::int64_t{a == b}; });
      shown.accuracies.push_back(static_cast<double>(right) / static_cast<double>(truth.bytes()));
    }
    shown.labels = std::move(labels);
    // Sorted from worst to best; what is neither leaves in the middle. The name makes the order the same in every run.
    const auto worse = [](const ShownPatch& a, const ShownPatch& b) {
      return std::tie(a.accuracies.back(), a.name) < std::tie(b.accuracies.back(), b.name);
    };
    result_.shown.insert(std::upper_bound(result_.shown.begin(), result_.shown.end(), shown, worse), std::move(shown));
    if (result_.shown.size() > 2 * options_.shown) result_.shown.erase(result_.shown.begin() + static_cast<std::ptrdiff_t>(options_.shown));
  }

  static core::Image most_probable(const std::vector<float>& probabilities, int size) {
    core::Image labels(size, size, 1);
    const auto values =
        crf::most_probable_labels(probabilities, static_cast<int>(probabilities.size() / static_cast<std::size_t>(size * size)));
    std::copy(values.begin(), values.end(), labels.data());
    return labels;
  }

  const EvaluateOptions& options_;
  model::network::PatchModel& model_;
  const PatchSet& set_;
  PresenceJudge judge_;
  std::mutex mutex_;
  Evaluation result_;  // under the mutex while images are added side by side
};

}  // namespace

PresenceJudge::PresenceJudge(const model::network::ModelInfo& info, PresenceRule rule) : calibration_(info.calibration) {
  if (rule == PresenceRule::Calibrated && info.presence) joint_ = model::network::joint_score(info);
  if (rule == PresenceRule::Half || calibration_.empty()) calibration_ = model::network::uncalibrated(info.classes.count());
}

std::vector<float> PresenceJudge::margins(std::span<const float> own_scores, std::span<const float> head_scores) const {
  std::vector<float> margins;
  for (std::size_t c = 0; c < own_scores.size(); ++c)
    margins.push_back(joint_ ? (*joint_)(c, head_scores[c], own_scores[c]) : calibration_.margin(c, own_scores[c]));
  return margins;
}

JudgedPatches judge_patches(model::network::PatchModel& model, const PresenceJudge& judge, const model::network::PatchBatch& batch,
                            bool all_views, std::span<const model::network::HeadScores> heads) {
  if (!judge.needs_head()) heads = {};
  JudgedPatches judged{model.look(batch, all_views, heads), {}};
  for (std::size_t i = 0; i < judged.maps.size(); ++i)
    judged.margins.push_back(judge.margins(judged.maps[i].scores, heads.empty() ? std::span<const float>() : heads[i].scores));
  return judged;
}

std::vector<float> predicted_labels(std::span<const float> margins) {
  std::vector<float> labels;
  for (const float margin : margins) labels.push_back(margin > 0 ? 1.0F : 0.0F);
  labels[static_cast<std::size_t>(std::ranges::max_element(margins) - margins.begin())] = 1;
  return labels;
}

Evaluation evaluate(const EvaluateOptions& options, const PatchSet& set, model::network::PatchModel& model, const core::Work& work) {
  EvaluateOptions asked = options;
  std::vector<model::network::HeadScores> heads;
  if (!options.heads && PresenceJudge(model.info(), options.presence).needs_head()) {
    work.observer.begin("telling which classes are present", 0, "");
    heads = presence_scores(model, set, work.cancel);
    asked.heads = &heads;
  }
  Evaluator evaluator(asked, model, set);
  work.observer.begin("evaluating", static_cast<std::int64_t>(set.count()), "images");
  for (std::size_t first = 0; first < set.count(); first += kPatchesAtOnce) {
    core::check(work.cancel);
    evaluator.add(first);
    if (const std::string note = model.take_note(); !note.empty()) work.observer.warn(note);
    work.observer.advance(static_cast<std::int64_t>(std::min(first + kPatchesAtOnce, set.count())));
  }
  work.observer.end();
  return evaluator.finish();
}

double Evaluation::mean_f1() const {
  double sum = 0;
  int defined = 0;
  for (const PresenceCounts& counts : presence) {
    if (std::isnan(counts.f1())) continue;
    sum += counts.f1();
    ++defined;
  }
  return sum / defined;
}

double Evaluation::chance_f1() const {
  double sum = 0;
  int present = 0;
  for (const PresenceCounts& counts : presence) {
    const PresenceCounts always{counts.hits + counts.misses, patches - counts.hits - counts.misses, 0};
    if (always.hits == 0) continue;
    sum += always.f1();
    ++present;
  }
  return sum / present;
}

void calibrate(model::network::PatchModel& model, const PatchSet& set, const core::CancelFlag& cancel) {
  const std::size_t step = std::max<std::size_t>(1, core::divide_up(static_cast<std::int64_t>(set.count()), kCalibrationImages));
  std::size_t next = 0;
  model.calibrate([&] {
    core::check(cancel);
    model::network::PatchBatch batch;
    batch.size = set.size();
    for (; next < set.count() && batch.count < static_cast<int>(kPatchesAtOnce); next += step) append(batch, set.batch(next, 1));
    return batch;
  });
}

}  // namespace wsi_lpd::pipeline::training
