#include "wsi_lpd/pipeline/training/train.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "correction_agreement.hpp"
#include "training_images.hpp"
#include "training_judge.hpp"
#include "training_pictures.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/digest/sha256.hpp"
#include "wsi_lpd/pipeline/training/evaluate.hpp"
#include "wsi_lpd/pipeline/training/fit_presence.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Json json_of(std::int64_t step, const model::training::StepReport& report) {
  return {{"iteration", step},           {"lr", report.learning_rate},
          {"total", report.total},       {"cls", report.classification},
          {"bce", report.bce},           {"div", report.diversity},
          {"fg", report.foreground},     {"bg", report.background},
          {"map_mean", report.map_mean}, {"pixel", report.pixel},
          {"teacher", report.teacher},   {"agreement", report.agreement},
          {"selected", report.selected}, {"gradient_norm", report.gradient_norm}};
}

/// One training, from its first step or from where it was left.
class Run {
 public:
  Run(const PreparedTraining& prepared, const core::Work& work, const model::runtime::ProcessGroup* group)
      : job_(prepared.job),
        work_(work),
        group_(group),
        set_(prepared.images),
        valid_(prepared.valid),
        unlabelled_(prepared.unlabelled),
        corrected_(prepared.corrected),
        options_(job_.options),
        trainer_(job_.info, options_, group),  // refuses what does not fit before anything is written
        judge_(valid_, options_.warmup_iterations, options_.iterations) {}

  TrainResult run() {
    std::optional<model::network::PatchModel> from = load_begun();
    std::optional<raster::ConfusionMatrix> before;
    if (from && !corrected_.empty()) before = agreement_with(corrected_, *from, work_.cancel);
    const std::optional<Begun> begun = judge_begun(std::move(from));
    Teaching teaching = fit_head();
    report_balance(set_, job_.info.classes, work_.observer);
    if (judge_.by() == "nothing" && valid_.count() > 0)
      work_.observer.warn("the masks of the validation images hold no class, only background: there is nothing to judge the training by");
    if (begun && !corrected_.empty() && judge_.by() == "nothing")
      work_.observer.warn("there are no validation images that --guard could judge the corrected model by: the last model is kept");
    if (leads()) start_folder();
    if (begun && trainer_.iteration() == 0) keep(*begun);
    StreamOptions images = job_.stream;
    if (group_) {
      trainer_.take_from_first();
      ended_ = group_->take_from_first(ended_);
      images.part = group_->rank();
      images.parts = group_->size();
    }
    TrainingStream stream(set_, job_.batch_size, options_.seed, trainer_.iteration(), images, std::move(teaching), corrected_);
    work_.observer.begin("training", options_.iterations, "steps");
    work_.observer.advance(trainer_.iteration());
    try {
      loop(stream);
    } catch (const core::Error& error) {  // a stop, a full disk, a loss that is no number: what has been learnt so far stays
      if (steps_ > 0 && leads()) save_state();
      if (group_ && dynamic_cast<const core::Cancelled*>(&error)) stop_others();
      throw;
    }
    work_.observer.end();
    if (!leads()) return {};
    write_prototypes(job_.run / "prototypes.png", trainer_.model(), set_, work_.cancel);
    std::optional<CorrectionAgreement> corrected;
    if (!corrected_.empty()) {
      model::network::PatchModel kept = load(model_path());
      corrected = CorrectionAgreement{before, agreement_with(corrected_, kept, work_.cancel)};
      write_agreement(job_.run / "corrections.csv", *corrected, job_.info.classes);
    }
    fs::remove(state_path());
    const model::network::Judgement& judged = judge_.kept().judged;
    if (judge_.is_guarded() && judged.iteration == 0)
      work_.observer.warn("every epoch lost more than --guard " + core::shortest(job_.guard) + " points of " + measure() + ": " +
                          model_path().string() + " is the model that the training began with; last.safetensors is the last one");
    if (!judged.is_above_chance())
      work_.observer.warn(
          measure() + (judge_.is_guarded() ? " of the kept model does not lie above chance: " : " never rose above chance: ") +
          percent(judged.score) + (judge_.is_guarded() ? ", " : " at best, ") + percent(judged.chance) +
          " for an answer that does not look at the images. What this model says of slides means nothing: check the labels, take "
          "more images, or train longer");
    return {.model = model_path(),
            .best = judge_.kept(),
            .corrected = std::move(corrected),
            .iterations = trainer_.iteration(),
            .images_per_second = steps_ > 0 ? static_cast<double>(steps_ * job_.batch_size) / seconds_ : 0,
            .waited_share = steps_ > 0 ? stream.waited() / seconds_ : 0};
  }

 private:
  fs::path model_path() const { return job_.run / "model.safetensors"; }
  fs::path state_path() const { return job_.run / "state.safetensors"; }
  fs::path log_path() const { return job_.run / "log.jsonl"; }

  /// Whether this process judges the model and writes files.
  bool leads() const { return !group_ || group_->leads(); }

  /// The run's folder, with its log, and the state that a resumed training begins with.
  void start_folder() {
    fs::create_directories(job_.run);
    for (const auto& entry : fs::directory_iterator(job_.run))  // of a process that was killed while it wrote
      if (entry.path().extension() == ".part") fs::remove(entry.path());
    if (job_.resume) take_up();
    if (job_.info.method == "pbip" && job_.options.bank.empty() && job_.options.from.empty() && trainer_.iteration() == 0)
      cluster_prototypes();
    open_log();
  }

  /// The presence head, which the model keeps, or what it teaches.
  Teaching fit_head() {
    Teaching teaching;
    model::network::PatchModel& model = trainer_.model();
    // A head that --from brings stays as it is, unless there are regions for it to learn from.
    const bool is_wanted = !job_.presence.encoder.empty() || (model.info().presence && !corrected_.empty());
    if (!is_wanted || (!job_.distil && !leads())) return teaching;
    fit_presence(model, set_, job_.presence, work_, corrected_);
    if (!job_.distil) return teaching;
    teaching.labelled = presence_probabilities(model, set_, work_.cancel);
    if (unlabelled_.count() > 0) {
      work_.observer.info("looking at " + std::to_string(unlabelled_.count()) + " images without labels");
      teaching.others = presence_probabilities(model, unlabelled_, work_.cancel);
      teaching.unlabelled = &unlabelled_;
    }
    model.drop_presence();
    return teaching;
  }

  model::network::PatchModel load(const fs::path& file) const {
    return model::network::PatchModel::load(file, options_.device, options_.threads);
  }
  /// The model that the training begins with, as it is in its file; nothing where it is not looked at.
  std::optional<model::network::PatchModel> load_begun() const {
    if (options_.from.empty() || !leads() || (job_.resume && corrected_.empty())) return {};
    return load(options_.from);
  }
  /// That model, and its scores on images of its own size.
  struct Begun {
    model::network::PatchModel model;
    EpochJudgement judgement;
  };
  std::optional<Begun> judge_begun(std::optional<model::network::PatchModel> from) const {
    if (!from || job_.resume) return {};
    core::SilentObserver quiet;  // all has been told of these images
    PatchSetOptions images = job_.images;
    images.size = from->info().patch_size;
    std::optional<PatchSet> of_its_size;
    if (images.size != valid_.size()) of_its_size.emplace(job_.patches.valid, images, core::Work{quiet, work_.cancel});
    TrainingJudge judge(of_its_size ? *of_its_size : valid_, options_.warmup_iterations,
                        options_.iterations);  // another presence head than the new one
    EpochJudgement judgement = judge.judge(*from, 0, work_.cancel);
    judgement.in_warmup = false;
    from->set_judged(judgement.model.judged);
    return Begun{std::move(*from), judgement};
  }
  /// It is the first candidate.
  void keep(const Begun& begun) {
    judge_.begin_with(begun.judgement, corrected_.empty() ? -1 : job_.guard / 100);
    save_state();
    begun.model.save(model_path());
    report(begun.judgement, true);
  }

  /// From every image that carries one class alone.
  void cluster_prototypes() {
    work_.observer.info("clustering prototypes");
    std::size_t i = 0;
    trainer_.cluster_prototypes([&] {
      core::check(work_.cancel);
      model::network::PatchBatch batch;
      batch.size = set_.size();
      for (; i < set_.count() && batch.count < 10; ++i) {
        if (std::count(set_.labels(i).begin(), set_.labels(i).end(), 1.0F) == 1) append(batch, set_.batch(i, 1));
      }
      return batch;
    });
  }

  void loop(TrainingStream& stream) {
    auto saved = Clock::now();
    bool stale = is_stale_everywhere();
    while (true) {
      if (epoch_is_due()) {  // first thing, too, where the last process was stopped in the middle of it
        if (leads()) end_epoch();
        ended_ = trainer_.iteration();
        stale = is_stale_everywhere();
      }
      if (trainer_.iteration() >= options_.iterations || stale) return;
      check_cancel();
      const auto start = Clock::now();
      const model::training::StepReport report = trainer_.step(stream.next());
      seconds_ += seconds_since(start);
      ++steps_;
      loss_ = report.total;
      if (!leads()) continue;
      write_log(json_of(trainer_.iteration(), report));
      work_.observer.advance(trainer_.iteration(), "loss " + core::fixed(loss_, 3));
      if (epoch_is_due() || seconds_since(saved) > 60 * job_.save_minutes) {
        save_state();
        saved = Clock::now();
      }
    }
  }

  /// If one process is asked to stop, all stop after the same step.
  void check_cancel() const {
    if (!group_) return core::check(work_.cancel);
    if (group_->any(work_.cancel)) throw core::Cancelled();
  }

  bool epoch_is_due() const {
    const std::int64_t step = trainer_.iteration();
    const std::int64_t steps_per_epoch = std::max<std::int64_t>(1, std::llround(static_cast<double>(set_.count()) / job_.batch_size));
    return step > ended_ && (step % steps_per_epoch == 0 || step == options_.iterations);
  }

  /// Calibrates, judges and keeps. What it changes of the run's own state comes last, so that it can be done again after a stop.
  void end_epoch() {
    const std::int64_t step = trainer_.iteration();
    model::network::PatchModel& model = trainer_.model();
    calibrate(model, set_, work_.cancel);  // there are more of them than validation images, and some classes are rare
    const EpochJudgement epoch = judge_.judge(model, step, work_.cancel);
    const bool better = judge_.is_better(epoch);
    model.set_judged(epoch.model.judged);
    model.save(job_.run / "last.safetensors");
    if (better) model.save(model_path());
    report(epoch, better);
    write_curve(job_.run / "curve.svg", log_path());
    if (epoch.model.predicted) write_predictions(job_.run / "predictions.png", model, valid_, judge_.heads());
    judge_.accept(epoch);
    ended_ = step;
    log_bytes_ = fs::file_size(log_path());
    if (is_stale()) work_.observer.info("no better for " + std::to_string(judge_.epochs_since_best()) + " epochs: stopping early");
  }

  void report(const EpochJudgement& epoch, bool better) {
    const model::network::Judgement& judged = epoch.model.judged;
    const std::string number = core::fixed(static_cast<double>(judged.iteration) * job_.batch_size / static_cast<double>(set_.count()), 1);
    const bool is_begun = judged.iteration == 0;
    if (judged.by == "nothing") {
      if (!is_begun) work_.observer.info("epoch " + number + ": loss " + core::fixed(loss_, 3) + " (nothing to validate by)");
      return;
    }
    Json line{{"epoch", number}, {"iteration", judged.iteration}, {judged.by, judged.score}};
    if (epoch.model.oracle) line["valid_miou_oracle"] = epoch.model.oracle->mean_iou();
    line.update({{"valid_f1", epoch.f1}, {"chance", judged.chance}, {"warmup", epoch.in_warmup}, {"kept", better}});
    write_log(line, /*in_state=*/false);
    work_.observer.info((is_begun ? "before the first step: " : "epoch " + number + ": ") + measure() + " " + percent(judged.score) +
                        (epoch.model.oracle ? ", given " + percent(epoch.model.oracle->mean_iou()) : "") + ", chance " +
                        percent(judged.chance) + (is_begun ? "" : ", loss " + core::fixed(loss_, 3)) +
                        (epoch.in_warmup       ? " (warm-up)"
                         : !better || is_begun ? ""
                         : judge_.is_guarded() ? " (kept)"
                                               : " (best so far)"));
  }
  std::string measure() const {
    return judge_.by() == "valid_f1" ? "F1 of image labels held out" : "mIoU on valid/ with image labels predicted";
  }
  static std::string percent(double value) { return std::isfinite(value) ? core::fixed(100 * value, 2) + " %" : "-"; }

  bool is_stale() const { return job_.patience > 0 && judge_.epochs_since_best() >= job_.patience; }

  /// As rank 0 judges. The others wait for it. Throws Cancelled where rank 0 was stopped meanwhile.
  bool is_stale_everywhere() const {
    if (!group_) return is_stale();
    const std::int64_t told = group_->take_from_first(is_stale());
    if (told == kStopped && !leads()) throw core::Cancelled();
    return told != 0;
  }
  /// What has started the processes ends all when one has ended: none ends before the state is saved. Where the others wait for rank 0's
  /// judgement, they learn that it was stopped.
  void stop_others() const {
    try {
      group_->take_from_first(kStopped);
    } catch (const core::Error&) {  // they have ended
    }
  }

  void open_log() {
    log_.open(log_path(), trainer_.iteration() > 0 ? std::ios::app : std::ios::trunc);
    if (!log_) throw core::Error("writing " + log_path().string() + ": can't be created");
  }
  void write_log(const Json& line, bool in_state = true) {
    if (!(log_ << core::json_text(line) << std::endl)) throw core::Error("writing " + log_path().string() + ": is the disk full?");
    if (in_state) log_bytes_ = fs::file_size(log_path());
  }

  void save_state() {
    std::map<std::string, std::string> notes = judge_.notes();
    notes.merge(std::map<std::string, std::string>{{"images", fingerprint(job_.patches.train)},
                                                   {"valid", fingerprint(job_.patches.valid)},
                                                   {"corrections", fingerprint(corrected_)},
                                                   {"class_names", core::joined(job_.info.classes.names)},
                                                   {"log_bytes", std::to_string(log_bytes_)},
                                                   {"ended", std::to_string(ended_)},
                                                   {"loss", core::shortest(loss_)}});
    trainer_.save_state(state_path(), notes);
  }

  void take_up() {
    if (!fs::exists(state_path())) {
      work_.observer.info(job_.run.string() + ": nothing was saved yet; starting from the first step");
      return;
    }
    const auto notes = trainer_.load_state(state_path());
    const auto differs = [&](const std::string& key, const std::string& now) {
      const auto before = notes.find(key);
      return before != notes.end() && before->second != now;
    };
    if (!job_.force) {
      for (const auto& [key, what, patches] :
           {std::tuple{"images", "training", &job_.patches.train}, {"valid", "validation", &job_.patches.valid}})
        if (differs(key, fingerprint(*patches)))
          throw core::UsageError(std::string("--resume: the ") + what +
                                 " images or their labels are other ones than before; start a new run, or use --force");
    }
    if (differs("corrections", fingerprint(corrected_)) && !job_.force)
      throw core::UsageError("--resume: the corrections are other ones than before; start a new run, or use --force");
    if (const std::string classes = core::joined(job_.info.classes.names); differs("class_names", classes) && !job_.force)
      throw core::UsageError("--resume: the classes were " + notes.at("class_names") + ", and are " + classes +
                             "; start a new run, or use --force");
    try {
      log_bytes_ = std::stoull(notes.at("log_bytes"));
      const bool same_images = !differs("valid", fingerprint(job_.patches.valid));
      if (!same_images || !judge_.take_up(notes))
        work_.observer.warn(
            state_path().string() + ": its best model was chosen by " +
            (same_images ? "another measure than " + judge_.by() + ", as earlier versions did" : "other validation images") +
            ": the best is chosen anew from here on");
      ended_ = notes.contains("ended") ? std::stoll(notes.at("ended")) : trainer_.iteration();
      if (notes.contains("loss")) loss_ = std::stod(notes.at("loss"));
    } catch (const std::logic_error&) {  // a note is missing, or no number
      throw core::Error(state_path().string() + ": does not say what it should; it is damaged");
    }
    fs::resize_file(log_path(), log_bytes_);  // lines of steps that will be done again
    std::string changes;
    for (const auto& [name, now] : trainer_.arithmetic())
      if (differs(name, now))
        changes.append(changes.empty() ? "" : ", ").append(name).append(" ").append(now).append(" instead of ").append(notes.at(name));
    if (!changes.empty())
      work_.observer.warn("going on with " + changes +
                          ": sums come out in another order, so the model differs in its last digits from one of a "
                          "training that was never stopped");
    work_.observer.info("going on after step " + std::to_string(trainer_.iteration()));
  }

  static constexpr std::int64_t kStopped = 2;

  const TrainJob& job_;
  core::Work work_;
  const model::runtime::ProcessGroup* group_;
  const PatchSet &set_, &valid_, &unlabelled_;
  const std::vector<CorrectedTile>& corrected_;
  const model::training::TrainOptions& options_;
  model::training::Trainer trainer_;
  TrainingJudge judge_;
  std::ofstream log_;
  std::uintmax_t log_bytes_ = 0;  ///< of the log that belong to the steps done and the epochs ended
  std::int64_t ended_ = 0;        ///< step at which the last epoch was ended
  double loss_ = 0;               ///< of the last step
  std::int64_t steps_ = 0;        ///< of this process
  double seconds_ = 0;
};

}  // namespace

void check_group(const PreparedTraining& prepared, const model::runtime::ProcessGroup& group) {
  const TrainJob& job = prepared.job;
  if (group.size() > job.batch_size)
    throw core::UsageError("a batch of " + std::to_string(job.batch_size) + " images can't be shared by " + std::to_string(group.size()) +
                           " processes: start fewer, or give a larger --batch-size");
  std::string samples;
  for (const std::vector<Patch>* patches : {&job.patches.train, &job.unlabelled})
    for (const Patch& patch : *patches)
      if (fs::is_regular_file(patch.image)) samples += digest::sha256_of_sample(patch.image);
  group.check_same({{"program and arguments", job.info.provenance.at("software") + "\n" + job.info.provenance.at("configuration")},
                    {"training images", fingerprint(job.patches.train) + fingerprint(job.unlabelled) + digest::sha256_of_text(samples)},
                    {"validation images", fingerprint(job.patches.valid)},
                    {"corrections", fingerprint(prepared.corrected)},
                    {"number formats (--precision)", job.options.bfloat16 ? "bfloat16" : "float32"}});
}

TrainResult train(const PreparedTraining& prepared, const core::Work& work, const model::runtime::ProcessGroup* group) {
  return Run(prepared, work, group).run();
}

}  // namespace wsi_lpd::pipeline::training
