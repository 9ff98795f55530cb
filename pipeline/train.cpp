#include "wsi_lpd/pipeline/train.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "wsi_lpd/pipeline/evaluate.hpp"

namespace wsi_lpd::pipeline {
namespace {

std::string fixed(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

nlohmann::ordered_json json_of(std::int64_t step, const model::StepReport& report) {
  return {{"iteration", step},           {"lr", report.learning_rate}, {"total", report.total},   {"cls", report.classification},
          {"bce", report.bce},           {"div", report.diversity},    {"fg", report.foreground}, {"bg", report.background},
          {"map_mean", report.map_mean}, {"selected", report.selected}};
}

}  // namespace

TrainResult train(const TrainJob& job, ProgressObserver& observer, const CancelFlag& cancel) {
  const PatchSet set(job.patches.train, job.images, observer, cancel);
  PatchSetOptions valid_options = job.images;
  valid_options.size = set.size();
  const PatchSet valid(job.patches.valid, valid_options, observer, cancel);

  model::ModelInfo info = job.info;
  info.patch_size = set.size();
  if (info.mpp) *info.mpp /= set.zoom();
  if (set.zoom() != 1)
    observer.warn("images are resized by " + fixed(set.zoom(), 3) + " to " + std::to_string(set.size()) +
                  " pixels: the model works at that resolution");
  model::TrainOptions options = job.options;
  const auto images = static_cast<double>(set.count());
  if (options.iterations == 0) options.iterations = std::max<std::int64_t>(1, std::llround(job.epochs * images / job.batch_size));
  options.warmup_iterations = std::min(options.warmup_iterations, options.iterations);
  const std::int64_t steps_per_epoch = std::max<std::int64_t>(1, std::llround(images / job.batch_size));

  model::Trainer trainer(info, options);  // refuses what does not fit before anything is written
  std::filesystem::create_directories(job.run);
  std::ofstream log(job.run / "log.jsonl");
  if (!log) throw Error("writing " + (job.run / "log.jsonl").string() + ": can't be created");
  const auto write_log = [&](const nlohmann::ordered_json& line) {
    if (!(log << line.dump() << std::endl)) throw Error("writing " + (job.run / "log.jsonl").string() + ": is the disk full?");
  };

  TrainingStream stream(set, job.batch_size, options.seed);
  TrainResult result;
  result.model = job.run / "model.safetensors";
  double best = -1;
  double seconds = 0;
  observer.begin("training", options.iterations, "steps");
  for (std::int64_t step = 1; step <= options.iterations; ++step) {
    check(cancel);
    const auto start = std::chrono::steady_clock::now();
    const model::StepReport report = trainer.step(stream.next());
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    write_log(json_of(step, report));
    observer.advance(step, "loss " + fixed(report.total, 3));
    if (step % steps_per_epoch != 0 && step != options.iterations) continue;

    // The end of an epoch: calibrate, keep, and judge by the validation masks if there are any.
    model::PatchModel& model = trainer.model();
    calibrate(model, set, cancel);  // there are more of them than validation images, and some classes are rare
    model.save(job.run / "last.safetensors");
    const std::string epoch = fixed(static_cast<double>(step) * job.batch_size / images, 1);
    double score = 0;
    if (valid.count() > 0) {
      SilentObserver quiet;  // the progress of the training stays
      const Evaluation evaluation =
          evaluate({.predicted = false, .all_views = false, .crf = false, .shown = 0}, valid, model, quiet, cancel);
      const ConfusionMatrix& matrix = evaluation.evaluated.front().matrix;
      score = std::isnan(matrix.mean_iou()) ? 0 : matrix.mean_iou();
      write_log({{"epoch", epoch}, {"iteration", step}, {"valid_miou_oracle", score}});
      observer.info("epoch " + epoch + ": validation mIoU " + fixed(100 * score, 2) + " % (image labels given, one view), loss " +
                    fixed(report.total, 3));
      if (score > best) result.validation = matrix;
    } else {
      observer.info("epoch " + epoch + ": loss " + fixed(report.total, 3) + " (no validation masks)");
    }
    if (score > best || valid.count() == 0) {
      best = score;
      result.best_iteration = step;
      model.save(result.model);
    }
  }
  observer.end();
  result.iterations = options.iterations;
  result.images_per_second = static_cast<double>(options.iterations * job.batch_size) / seconds;
  result.waited_share = stream.waited() / seconds;
  return result;
}

}  // namespace wsi_lpd::pipeline
