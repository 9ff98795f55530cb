#include "wsi_lpd/pipeline/train.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "training_pictures.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/pipeline/evaluate.hpp"
#include "wsi_lpd/pipeline/stain.hpp"

namespace wsi_lpd::pipeline {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string fixed(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

Json json_of(std::int64_t step, const model::StepReport& report) {
  return {{"iteration", step},
          {"lr", report.learning_rate},
          {"total", report.total},
          {"cls", report.classification},
          {"bce", report.bce},
          {"div", report.diversity},
          {"fg", report.foreground},
          {"bg", report.background},
          {"map_mean", report.map_mean},
          {"selected", report.selected},
          {"gradient_norm", report.gradient_norm}};
}

/// Which images, with which labels (FNV-1a): a training goes on with the same ones only.
std::string fingerprint(const std::vector<Patch>& patches) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  const auto add = [&](const void* data, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001B3U;
  };
  for (const Patch& patch : patches) {
    const std::string name = patch.image.filename().string();
    add(name.data(), name.size());
    add(patch.labels.data(), patch.labels.size() * sizeof(float));
  }
  return std::to_string(hash);
}

/// Takes about `share` of the labelled images away, by their names alone, to judge the training by where there are no masks.
std::vector<Patch> hold_out(std::vector<Patch>& train, double share) {
  const auto chosen = std::stable_partition(train.begin(), train.end(), [&](const Patch& patch) {
    return static_cast<double>(std::stoull(fingerprint({{patch.image, {}, {}}})) % 10'000) >= 10'000 * share;
  });
  std::vector<Patch> valid(chosen, train.end());
  train.erase(chosen, train.end());
  return valid;
}

void report_balance(const PatchSet& set, const ClassScheme& classes, ProgressObserver& observer) {
  std::string line = "classes:";
  for (std::size_t c = 0; c < classes.names.size(); ++c) {
    std::int64_t images = 0;
    for (std::size_t i = 0; i < set.count(); ++i) images += set.labels(i)[c] > 0.5F;
    line += (c ? ", " : " ") + classes.names[c] + " in " + std::to_string(images) + " images";
    if (images == 0) observer.warn("class " + classes.names[c] + " is in no training image: the model will never say it");
    if (images == static_cast<std::int64_t>(set.count()))
      observer.warn("class " + classes.names[c] + " is in every training image: the model can't learn what sets it apart");
  }
  observer.info(line + " of " + std::to_string(set.count()));
}

/// One training, from its first step or from where it was left.
class Run {
 public:
  Run(const TrainJob& job, ProgressObserver& observer, const CancelFlag& cancel)
      : job_(job),
        observer_(observer),
        cancel_(cancel),
        patches_(with_hold_out(job)),
        set_(patches_.train, job.images, observer, cancel),
        valid_(patches_.valid, same_size(job.images), observer, cancel),
        options_(with_iterations(job.options)),
        trainer_(model_info(), options_) {  // refuses what does not fit before anything is written
    result_.model = job.run / "model.safetensors";
    result_.validated_by_masks = !patches_.valid.empty() && !patches_.valid.front().mask.empty();
  }

  TrainResult run() {
    report_balance(set_, job_.info.classes, observer_);
    fs::create_directories(job_.run);
    if (job_.resume) take_up();
    if (job_.info.method == "pbip" && job_.options.bank.empty() && trainer_.iteration() == 0) cluster_prototypes();
    open_log();
    TrainingStream stream(set_, job_.batch_size, options_.seed, trainer_.iteration(), job_.stream);
    observer_.begin("training", options_.iterations, "steps");
    observer_.advance(trainer_.iteration());
    try {
      loop(stream);
    } catch (const Error&) {  // a stop, a full disk, a loss that is no number: what has been learnt so far stays
      if (saveable_) save_state();
      throw;
    }
    observer_.end();
    write_prototypes(job_.run / "prototypes.png", trainer_.model(), set_, cancel_);
    fs::remove(state_path());
    result_.iterations = trainer_.iteration();
    result_.images_per_second = static_cast<double>(steps_ * job_.batch_size) / seconds_;
    result_.waited_share = stream.waited() / seconds_;
    return result_;
  }

 private:
  static PatchFolder with_hold_out(const TrainJob& job) {
    PatchFolder patches = job.patches;
    if (patches.valid.empty() && job.hold_out > 0) patches.valid = hold_out(patches.train, job.hold_out);
    return patches;
  }
  PatchSetOptions same_size(PatchSetOptions images) const {
    images.size = set_.size();
    return images;
  }
  model::TrainOptions with_iterations(model::TrainOptions options) const {
    if (options.iterations == 0)
      options.iterations = std::max<std::int64_t>(1, std::llround(job_.epochs * static_cast<double>(set_.count()) / job_.batch_size));
    options.warmup_iterations = std::min(options.warmup_iterations, options.iterations);
    return options;
  }
  model::ModelInfo model_info() const {
    model::ModelInfo info = job_.info;
    info.patch_size = set_.size();
    info.stain = stain_of(set_, observer_, cancel_);
    if (info.mpp) *info.mpp /= set_.zoom();
    if (set_.zoom() != 1)
      observer_.warn("images are resized by " + fixed(set_.zoom(), 3) + " to " + std::to_string(set_.size()) +
                     " pixels: the model works at that resolution");
    return info;
  }
  fs::path state_path() const { return job_.run / "state.safetensors"; }
  fs::path log_path() const { return job_.run / "log.jsonl"; }

  /// From every image that carries one class alone.
  void cluster_prototypes() {
    observer_.info("clustering prototypes");
    std::size_t i = 0;
    trainer_.cluster_prototypes([&] {
      check(cancel_);
      model::PatchBatch batch;
      batch.size = set_.size();
      for (; i < set_.count() && batch.count < 10; ++i) {
        if (std::count(set_.labels(i).begin(), set_.labels(i).end(), 1.0F) == 1) append(batch, set_.batch(i, 1));
      }
      return batch;
    });
  }

  void loop(TrainingStream& stream) {
    const std::int64_t steps_per_epoch = std::max<std::int64_t>(1, std::llround(static_cast<double>(set_.count()) / job_.batch_size));
    auto saved = Clock::now();
    while (trainer_.iteration() < options_.iterations && !is_stale()) {
      check(cancel_);
      const auto start = Clock::now();
      const model::StepReport report = trainer_.step(stream.next());
      seconds_ += seconds_since(start);
      ++steps_;
      const std::int64_t step = trainer_.iteration();
      write_log(json_of(step, report));
      observer_.advance(step, "loss " + fixed(report.total, 3));
      const bool epoch_ends = step % steps_per_epoch == 0 || step == options_.iterations;
      saveable_ = false;
      if (epoch_ends) end_epoch(report);
      saveable_ = true;
      if (epoch_ends || seconds_since(saved) > 60 * job_.save_minutes) {
        save_state();
        saved = Clock::now();
      }
    }
  }

  /// Calibrates, keeps, and judges by the validation masks, or else by their image labels.
  void end_epoch(const model::StepReport& report) {
    const std::int64_t step = trainer_.iteration();
    model::PatchModel& model = trainer_.model();
    calibrate(model, set_, cancel_);  // there are more of them than validation images, and some classes are rare
    model.save(job_.run / "last.safetensors");
    const std::string epoch = fixed(static_cast<double>(step) * job_.batch_size / static_cast<double>(set_.count()), 1);
    double score = 0;
    if (valid_.count() > 0) {
      SilentObserver quiet;  // the progress of the training stays
      const Evaluation evaluation =
          evaluate({.oracle = result_.validated_by_masks, .predicted = false, .all_views = false, .crf = false, .shown = 0}, valid_, model,
                   quiet, cancel_);
      const bool masks = result_.validated_by_masks;
      score = masks ? evaluation.evaluated.front().matrix.mean_iou() : evaluation.mean_f1();
      if (std::isnan(score)) score = 0;
      write_log(
          {{"epoch", epoch}, {"iteration", step}, {masks ? "valid_miou_oracle" : "valid_f1", score}, {"valid_f1", evaluation.mean_f1()}});
      observer_.info("epoch " + epoch + ": validation " + (masks ? "mIoU " : "F1 of image labels ") + fixed(100 * score, 2) + " %" +
                     (masks ? " (image labels given, one view)" : "") + ", loss " + fixed(report.total, 3));
      if (score > best_ && masks) result_.validation = evaluation.evaluated.front().matrix;
    } else {
      observer_.info("epoch " + epoch + ": loss " + fixed(report.total, 3) + " (nothing to validate by)");
    }
    ++epochs_since_best_;
    if (score > best_ || valid_.count() == 0) {
      best_ = score;
      result_.best_iteration = step;
      epochs_since_best_ = 0;
      model.save(result_.model);
    }
    if (is_stale()) observer_.info("no better for " + std::to_string(epochs_since_best_) + " epochs: stopping early");
    write_curve(job_.run / "curve.svg", log_path());
    if (result_.validated_by_masks) write_predictions(job_.run / "predictions.png", model, valid_);
  }

  bool is_stale() const { return job_.patience > 0 && valid_.count() > 0 && epochs_since_best_ >= job_.patience; }

  void open_log() {
    log_.open(log_path(), trainer_.iteration() > 0 ? std::ios::app : std::ios::trunc);
    if (!log_) throw Error("writing " + log_path().string() + ": can't be created");
  }
  void write_log(const Json& line) {
    if (!(log_ << line.dump() << std::endl)) throw Error("writing " + log_path().string() + ": is the disk full?");
  }

  void save_state() {
    std::string validation;
    if (result_.validation)
      for (const std::int64_t count : result_.validation->counts()) validation += std::to_string(count) + " ";
    char best[32];
    std::snprintf(best, sizeof best, "%.17g", best_);
    trainer_.save_state(state_path(), {{"images", fingerprint(patches_.train)},
                                       {"classes", joined(job_.info.classes.names)},
                                       {"log_bytes", std::to_string(fs::file_size(log_path()))},
                                       {"best", best},
                                       {"best_iteration", std::to_string(result_.best_iteration)},
                                       {"epochs_since_best", std::to_string(epochs_since_best_)},
                                       {"validation", validation}});
  }

  void take_up() {
    if (!fs::exists(state_path())) {
      observer_.info(job_.run.string() + ": nothing was saved yet; starting from the first step");
      return;
    }
    const auto notes = trainer_.load_state(state_path());
    const auto note = [&](const std::string& key) -> const std::string& {
      const auto found = notes.find(key);
      if (found == notes.end()) throw Error(state_path().string() + ": does not say " + key + "; it is damaged");
      return found->second;
    };
    if (note("images") != fingerprint(patches_.train) && !job_.force)
      throw UsageError("--resume: the training images or their labels are other ones than before; start a new run, or use --force");
    const std::string classes = joined(job_.info.classes.names);
    if (const auto before = notes.find("classes"); before != notes.end() && before->second != classes && !job_.force)
      throw UsageError("--resume: the classes were " + before->second + ", and are " + classes + "; start a new run, or use --force");
    fs::resize_file(log_path(), std::stoull(note("log_bytes")));  // lines of steps that will be done again
    best_ = std::stod(note("best"));
    result_.best_iteration = std::stoll(note("best_iteration"));
    epochs_since_best_ = std::stoi(note("epochs_since_best"));
    std::istringstream stream(note("validation"));
    std::vector<std::int64_t> counts;
    for (std::int64_t count; stream >> count;) counts.push_back(count);
    if (!counts.empty()) result_.validation = ConfusionMatrix(job_.info.classes.count(), std::move(counts));
    observer_.info("going on after step " + std::to_string(trainer_.iteration()));
  }

  const TrainJob& job_;
  ProgressObserver& observer_;
  const CancelFlag& cancel_;
  PatchFolder patches_;
  PatchSet set_, valid_;
  model::TrainOptions options_;
  model::Trainer trainer_;
  std::ofstream log_;
  TrainResult result_;
  double best_ = -1;
  int epochs_since_best_ = 0;
  bool saveable_ = true;    ///< not while an epoch ends: its work would be left out
  std::int64_t steps_ = 0;  ///< of this process
  double seconds_ = 0;
};

}  // namespace

TrainResult train(const TrainJob& job, ProgressObserver& observer, const CancelFlag& cancel) { return Run(job, observer, cancel).run(); }

}  // namespace wsi_lpd::pipeline
