#include <algorithm>
#include <csignal>
#include <iomanip>
#include <iostream>
#include <memory>
#include <thread>

#include "config.hpp"
#include "metrics_text.hpp"
#include "presence_options.hpp"
#include "run_folder.hpp"
#include "train_options.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/digest/sha256.hpp"
#include "wsi_lpd/model/runtime/device.hpp"
#include "wsi_lpd/model/runtime/process_group.hpp"
#include "wsi_lpd/pipeline/training/train.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

void print_agreement(const pipeline::training::CorrectionAgreement& agreement, const core::ClassScheme& classes) {
  std::cout << "\n" << std::left << std::setw(16) << "corrected" << std::right << std::setw(10) << "pixels";
  if (agreement.before) std::cout << std::setw(10) << "before";
  std::cout << std::setw(10) << "after"
            << "\n";
  for (const pipeline::training::AgreementLine& line : agreement.lines(classes)) {
    std::cout << std::left << std::setw(16) << line.name << std::right << std::setw(10) << line.pixels;
    if (line.before) std::cout << std::setw(10) << percent(*line.before);
    std::cout << std::setw(10) << percent(line.after) << "\n";
  }
  std::cout << "% of the corrected pixels that the model agrees with, one view, image labels predicted; it has learnt these very pixels\n";
}

void print_result(const pipeline::training::TrainResult& result, const core::ClassScheme& classes) {
  std::cout << result.model.string() << "\n" << std::fixed << std::setprecision(1) << "  " << result.iterations << " steps";
  if (result.images_per_second > 0)
    std::cout << ", " << result.images_per_second << " images/s, " << 100 * result.waited_share << " % of the time waiting for images";
  const model::network::Judgement& judged = result.best.judged;
  if (judged.iteration > 0) std::cout << ", the model is that of step " << judged.iteration;
  std::cout << "\n";
  if (judged.by == "valid_f1")
    std::cout << "  F1 of image labels held out " << percent(judged.score) << " %, chance " << percent(judged.chance) << " %\n";
  if (result.best.predicted && result.best.oracle)
    std::cout << "\n"
              << metrics_table({{"predicted", &*result.best.predicted}, {"oracle", &*result.best.oracle}}, classes.names)
              << "on valid/, one view, image labels predicted (by which the kept model is chosen) and given; chance is mIoU "
              << percent(judged.chance) << " %\n";
  if (result.corrected) print_agreement(*result.corrected, classes);
}

/// The folder of the run, and that nothing in it would be lost. Throws UsageError.
fs::path run_folder(const pipeline::training::TrainJob& job, const Context& context) {
  fs::path run = !job.run.empty() ? job.run : job.resume ? unfinished_run() : new_run_folder();
  if (run.empty()) throw core::UsageError("--resume: no folder in runs/ has a state to go on with; name the run with --output");
  if (job.resume) {
    check_resumed(run, job.force, context);
  } else if (fs::exists(run / "state.safetensors")) {
    throw core::UsageError(run.string() + ": holds an unfinished training; go on with --resume, or choose another --output");
  } else if (fs::exists(run / "model.safetensors")) {
    throw core::UsageError(run.string() + ": already holds a trained model; choose another --output");
  }
  return run;
}

using Group = model::runtime::ProcessGroup;
constexpr int kStoppedWithOthers = 128 + SIGTERM;  ///< as if the signal had come here, too

/// The device and threads of one of several processes. torchrun allows each a single thread: they share the machine instead.
void settle_machine(model::training::TrainOptions& options, const Context& context, const Group* group) {
  options.device = model::runtime::resolve_device(context.common.device);
  options.threads = context.common.threads;
  if (!group) return;
  if (options.device == "cuda") options.device = model::runtime::resolve_device("cuda:" + std::to_string(group->place().local_rank));
  const int here = group->place().local_size;
  if (options.threads == 0 && here > 0) options.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / here);
}

/// The network and the classes of the model that the training begins with, in place of those of options and images. Throws UsageError:
/// options of the command line that say it, too, other classes. A file of options may say it: that of an earlier run does.
void begin_with_model(pipeline::training::TrainJob& job, const TrainArguments& arguments, const Context& context) {
  const fs::path& from = job.options.from;
  for (const char* option :
       {"--encoder", "--prototypes-per-class", "--method", "--weights", "--bank", "--classes", "--background", "--colours"})
    if (is_given(context, option))
      throw core::UsageError(std::string(option) + ": --from " + from.string() + " says it; leave one of them out");
  job.mpp = arguments.dataset.mpp ? arguments.dataset.mpp : described_mpp(arguments.patches);
  job.info = model::network::read_model_info(from);
  if (job.info.presence && !job.presence.encoder.empty())
    throw core::UsageError(
        "--presence-encoder: " + from.string() +
        " has a presence head, which --from takes over; `wsi-lpd calibrate PATCHES --model MODEL --presence-encoder FILE` "
        "gives it another before");
  const MatchedClasses matched = match_dataset(arguments.patches, job.patches, job.info.classes, context.observer);
  job.images.scheme = matched.classes;
  job.images.order = matched.order;
  job.corrections.background = matched.classes.background;
  job.info.provenance = {{"from", from.filename().string() + " (SHA-256 " + digest::sha256_of_file(from) + ")"}};
}

/// The images, what is known of them, and what this machine adds to the options.
pipeline::training::TrainJob job_of(const TrainArguments& arguments, const Context& context, const Group* group) {
  pipeline::training::TrainJob job = arguments.job;
  check_presence_encoder(job.presence);
  check_train_options(arguments, context);
  job.patches = scan(arguments.patches,
                     {.classes = wanted_classes(arguments.patches, arguments.dataset),
                      .skip_unusable = job.images.skip_unusable,
                      .groups = arguments.groups},
                     context.observer);
  if (is_given(context, "--hold-out") && job.hold_out > 0 && !job.patches.valid.empty())
    throw core::UsageError("--hold-out: " + arguments.patches.string() + " has " +
                           core::count_of(job.patches.valid.size(), "image", "images") +
                           " in valid/ to judge the training by, and nothing is held out; leave the option out");
  job.images.classes = job.patches.classes;
  if (job.options.from.empty()) {
    const DatasetDescription dataset =
        describe_dataset(arguments.patches, job.patches.classes, job.patches.class_names, arguments.dataset, context.observer);
    job.info.classes = job.images.scheme = dataset.classes;
    job.mpp = dataset.mpp;
  } else {
    begin_with_model(job, arguments, context);
  }
  if (!group || group->leads()) job.run = run_folder(job, context);
  job.info.provenance.merge(std::map<std::string, std::string>{{"software", "wsi-lpd " WSI_LPD_VERSION},
                                                               {"patches", fs::weakly_canonical(arguments.patches).filename().string()},
                                                               {"configuration", resolved_config(context.options)}});
  settle_machine(job.options, context, group);
  job.options.bfloat16 = arguments.bfloat16 ? *arguments.bfloat16 : model::runtime::has_fast_bfloat16(job.options.device);
  if (!arguments.unlabelled.empty())
    job.unlabelled = pipeline::training::scan_unlabelled(arguments.unlabelled, job.patches.classes, job.images.skip_unusable);
  return job;
}

std::string line_of(const pipeline::training::PreparedTraining& prepared, const Group* group) {
  const model::training::TrainOptions& options = prepared.job.options;
  return "training on " + std::to_string(prepared.images.count()) + " images, " + std::to_string(prepared.valid.count()) +
         " for validation, " + std::to_string(options.iterations) + " steps, " + std::to_string(options.warmup_iterations) +
         " of them warm-up, on " + options.device + (group ? " by " + std::to_string(group->size()) + " processes" : "") + ", into " +
         prepared.job.run.string();
}

/// Trains, with the group's other processes if there is one, and prints the result.
int run_alone_or_first(const TrainArguments& arguments, const Context& context, const Group* group) {
  pipeline::training::PreparedTraining prepared = pipeline::training::prepare_training(job_of(arguments, context, group), context.work());
  if (group) pipeline::training::check_group(prepared, *group);
  fs::path& run = prepared.job.run;
  if (arguments.job.run.empty() && !arguments.job.resume) {  // another process may have begun in this very second
    fs::create_directories(run.parent_path());
    while (!fs::create_directory(run)) run = new_run_folder();
  }
  context.observer.info(line_of(prepared, group));
  if (!arguments.job.resume) write_resolved_config(context.options, run);
  try {
    const pipeline::training::TrainResult result = pipeline::training::train(prepared, context.work(), group);
    link_latest(run, context.observer);
    print_result(result, prepared.job.info.classes);
    if (!prepared.job.options.from.empty() && result.best.judged.iteration == 0 && result.best.judged.by != "nothing") {
      context.observer.error(result.model.string() + ": is the model of --from, with nothing learnt: no epoch was kept");
      return kFailed;
    }
  } catch (const core::UsageError&) {  // nothing was started
    throw;
  } catch (const core::Cancelled&) {
    say_how_to_go_on(run, arguments.patches, context.observer);
    throw;
  } catch (const core::Error&) {
    if (fs::exists(run / "state.safetensors")) say_how_to_go_on(run, arguments.patches, context.observer);
    throw;
  }
  return kDone;
}

/// One of the processes that do not lead: it computes, and rank 0 tells what happens.
void follow(const TrainArguments& arguments, const Context& context, const Group& group) {
  core::SilentObserver silent;
  const Context quiet{context.common, silent, context.cancel, context.options, context.given, context.arguments};
  const pipeline::training::PreparedTraining prepared =
      pipeline::training::prepare_training(job_of(arguments, quiet, &group), quiet.work());
  pipeline::training::check_group(prepared, group);
  pipeline::training::train(prepared, quiet.work(), &group);
}

int run_train(const TrainArguments& arguments, const Context& context) {
  const auto place = model::runtime::group_of_environment();
  if (!place) return run_alone_or_first(arguments, context, nullptr);
  const Group group(*place, context.work());
  try {
    if (group.leads()) return run_alone_or_first(arguments, context, &group);
    follow(arguments, context, group);
    return kDone;
  } catch (const core::Cancelled&) {
    if (context.cancel) throw;
    context.observer.warn("another process of the training was stopped, and this one with it");
    return kStoppedWithOthers;
  } catch (const model::runtime::ConnectionLost&) {
    throw;
  } catch (const std::exception& error) {
    group.leave_reason(error.what());
    throw;
  }
}

}  // namespace

Command add_train(CLI::App& program) {
  auto arguments = std::make_shared<TrainArguments>();
  CLI::App* command = program.add_subcommand("train", "Train a model from patches that carry image labels only");
  command->footer(
      "\nExample:  wsi-lpd train patches/ --epochs 12\nWrites runs/<time>/ and points runs/latest at it, where `segment` looks for its "
      "model. The best model is that with the highest mIoU on valid/ with image labels predicted, as on a slide; with --from and "
      "--corrections it is the newest within --guard of the model before.");
  add_train_options(*command, *arguments);
  return {command, [arguments](const Context& context) { return run_train(*arguments, context); }, {.threads = true, .device = true}};
}

}  // namespace wsi_lpd::cli
