#include "wsi_lpd/pipeline/training/evaluate.hpp"

#include <iomanip>
#include <iostream>
#include <memory>

#include "config.hpp"
#include "dataset_description.hpp"
#include "evaluation_files.hpp"
#include "metrics_text.hpp"
#include "model_file.hpp"
#include "output_check.hpp"
#include "presence_options.hpp"
#include "run_folder.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/pipeline/training/fit_presence.hpp"
#include "wsi_lpd/pipeline/training/patch_stain.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

struct EvaluateArguments {
  fs::path patches, output = "evaluation";
  std::string model, split = "auto", labels = "both", presence = "calibrated", groups;
  bool crf = true, tta = true, json = false, skip_unusable = false;
};

struct CalibrateArguments {
  fs::path patches, output;
  std::string model, groups;
  model::network::PresenceSource presence;
  bool skip_unusable = false;
};

std::vector<pipeline::training::Patch> split_of(const fs::path& folder, const pipeline::training::PatchFolder& patches,
                                                const std::string& split) {
  std::vector<pipeline::training::Patch> chosen =
      split == "valid" || (split == "auto" && patches.test.empty()) ? patches.valid : patches.test;
  if (chosen.empty())
    throw core::UsageError(folder.string() + ": no " + (split == "auto" ? "test or valid" : split) + " images with masks");
  return chosen;
}

/// The images of train/ or, where there are none, those whose masks say what is in them.
std::vector<pipeline::training::Patch> labelled_of(const fs::path& folder, const pipeline::training::PatchFolder& patches,
                                                   core::ProgressObserver& observer) {
  if (!patches.train.empty()) return patches.train;
  const bool has_valid = !patches.valid.empty();
  if (!has_valid && patches.test.empty())
    throw core::UsageError(folder.string() + ": no images with labels, and none with masks in valid/ or test/");
  observer.info(folder.string() + ": no images with labels to train on: taking those of " + (has_valid ? "valid/" : "test/") +
                ", whose masks say which classes are in them");
  return has_valid ? patches.valid : patches.test;
}

/// How images of `folder` come to the model: its classes in the model's order, whatever theirs is.
pipeline::training::PatchSetOptions options_of(const fs::path& folder, const pipeline::training::PatchFolder& patches,
                                               const model::network::ModelInfo& info, core::ProgressObserver& observer) {
  MatchedClasses matched = match_dataset(folder, patches, info.classes, observer);
  return {
      .size = info.patch_size, .classes = info.classes.count(), .scheme = std::move(matched.classes), .order = std::move(matched.order)};
}

void print(const pipeline::training::Evaluation& evaluation, const model::network::ModelInfo& info) {
  std::vector<MetricsColumn> columns;
  for (const auto& evaluated : evaluation.evaluated) columns.push_back({title_of(evaluated), &evaluated.matrix});
  std::cout << metrics_table(columns, info.classes.names) << "\n"
            << confusion_table(evaluation.evaluated.back().matrix, info.classes.names, info.classes.background) << "  "
            << title_of(evaluation.evaluated.back()) << ", % of the true pixels of each class\n\nimage labels, %  ";
  for (std::size_t c = 0; c < evaluation.presence.size(); ++c)
    std::cout << "F1 " << info.classes.names[c] << " " << percent(evaluation.presence[c].f1()) << "  ";
  std::cout << "\nchance, %        mIoU " << percent(evaluation.evaluated.front().matrix.chance_mean_iou()) << "  F1 "
            << percent(evaluation.chance_f1()) << "  for an answer that does not look at the images\n"
            << std::fixed << std::setprecision(1) << "all image labels right in "
            << 100.0 * static_cast<double>(evaluation.all_classes_right) / static_cast<double>(evaluation.patches) << " % of "
            << evaluation.patches << " patches\n";
}

pipeline::training::PresenceRule rule_of(const std::string& presence) {
  if (presence == "half") return pipeline::training::PresenceRule::Half;
  return presence == "own" ? pipeline::training::PresenceRule::Own : pipeline::training::PresenceRule::Calibrated;
}

int run_evaluate(const EvaluateArguments& arguments, const Context& context) {
  const fs::path model_path = find_model(arguments.model, context.observer);
  model::network::PatchModel model = model::network::PatchModel::load(model_path, context.common.device, context.common.threads);
  const model::network::ModelInfo& info = model.info();
  const pipeline::training::PatchFolder patches = scan(arguments.patches,
                                                       {.classes = wanted_classes(arguments.patches),
                                                        .image_labels = pipeline::training::ImageLabels::Unused,
                                                        .skip_unusable = arguments.skip_unusable,
                                                        .groups = arguments.groups},
                                                       context.observer);
  pipeline::training::PatchSetOptions images = options_of(arguments.patches, patches, info, context.observer);
  images.skip_unusable = arguments.skip_unusable;
  const pipeline::training::PatchSet set(split_of(arguments.patches, patches, arguments.split), images, context.work());
  pipeline::training::EvaluateOptions options;
  options.oracle = arguments.labels != "predicted";
  options.predicted = arguments.labels != "oracle";
  options.presence = rule_of(arguments.presence);
  options.crf = arguments.crf;
  options.all_views = arguments.tta;
  const bool by_head = options.presence == pipeline::training::PresenceRule::Calibrated && info.presence;
  if (options.predicted && by_head) context.observer.info("image labels are predicted from the features of " + info.presence->encoder);
  if (options.predicted && !by_head && options.presence != pipeline::training::PresenceRule::Half && info.calibration.empty())
    context.observer.warn("the model is not calibrated: a class counts as present from score 0 on; to teach it: " +
                          calibrate_command(model_path));
  const pipeline::training::Evaluation evaluation = pipeline::training::evaluate(options, set, model, context.work());

  const nlohmann::ordered_json json = json_of_evaluation(evaluation, info);
  write_resolved_config(context.options, arguments.output);
  core::write_text_file(arguments.output / "evaluation.json", core::json_text(json, 2) + "\n");
  core::write_text_file(arguments.output / "evaluation.csv", csv_of(evaluation, info));
  core::write_text_file(arguments.output / "image_labels.csv", image_labels_csv(evaluation, info));
  write_sheet(arguments.output / "patches.png", evaluation, info);
  if (arguments.json) {
    std::cout << core::json_text(json, 2) << "\n";
  } else {
    print(evaluation, info);
    std::cout << "written to " << arguments.output.string() << "\n";
  }
  return kDone;
}

int run_calibrate(const CalibrateArguments& arguments, const Context& context) {
  check_presence_encoder(arguments.presence);
  if (!arguments.groups.empty() && arguments.presence.encoder.empty())
    throw core::UsageError("--groups: patients are needed for --presence-encoder only; give that, too, or leave --groups out");
  const fs::path path = find_model(arguments.model, context.observer);
  const fs::path target = arguments.output.empty() ? path : arguments.output;
  if (fs::is_directory(target)) throw core::UsageError("-o " + target.string() + ": is a folder; name the model file to write");
  refuse_missing_folder("-o", target);
  model::network::PatchModel model = model::network::PatchModel::load(path, context.common.device, context.common.threads);
  const pipeline::training::PatchFolder patches = scan(arguments.patches,
                                                       {.classes = wanted_classes(arguments.patches),
                                                        .image_labels = pipeline::training::ImageLabels::IfThere,
                                                        .skip_unusable = arguments.skip_unusable,
                                                        .groups = arguments.groups},
                                                       context.observer);
  pipeline::training::PatchSetOptions images = options_of(arguments.patches, patches, model.info(), context.observer);
  images.skip_unusable = arguments.skip_unusable;
  const pipeline::training::PatchSet set(labelled_of(arguments.patches, patches, context.observer), images, context.work());
  context.observer.info("calibrating " + path.string());
  pipeline::training::calibrate(model, set, context.cancel);
  if (model.info().stain == core::StainStatistics{}) {  // a trained model has its own
    context.observer.info("taking the stain of these images for that of the training");
    model.set_stain(pipeline::training::stain_of(set, context.work()));
  }
  if (!model.info().stain_fit) model.set_stain_fit(pipeline::training::stain_fit_of(set, context.work()));
  if (!arguments.presence.encoder.empty()) pipeline::training::fit_presence(model, set, arguments.presence, context.work());
  model.save(target);
  std::cout << std::fixed << std::setprecision(2);
  for (std::size_t c = 0; c < model.info().classes.names.size(); ++c) {
    std::cout << "  " << std::left << std::setw(14) << model.info().classes.names[c] << "present from score "
              << model.info().calibration.score_threshold[c] << " (softness " << model.info().calibration.score_width[c] << ")\n";
  }
  std::cout << "written to " << target.string() << "\n";
  return kDone;
}

}  // namespace

Command add_evaluate(CLI::App& program) {
  auto arguments = std::make_shared<EvaluateArguments>();
  CLI::App* command = program.add_subcommand("evaluate", "Measure a model on patches with pixel masks");
  command->footer(
      "\nExample:  wsi-lpd evaluate patches/ --split test\nWrites evaluation.json, evaluation.csv, image_labels.csv and patches.png, a "
      "sheet of the worst and the best patches.\noracle takes the image labels from the masks, as the papers do; predicted from the model, "
      "as on a slide.");
  command
      ->add_option("PATCHES", arguments->patches,
                   "folder with {test,valid}/{img,mask}/, whose classes have the model's names, in any order")
      ->required();
  command->add_option("-o,--output", arguments->output, "folder for the results; e.g. -o evaluation")->configurable(false);
  command->add_option("--model", arguments->model, kModelHelp);
  command->add_option("--split", arguments->split, "test, valid; auto: test if it is there; e.g. --split valid")
      ->check(CLI::IsMember({"auto", "test", "valid"}));
  command->add_option("--labels", arguments->labels, "which image labels decide what can be in a patch; e.g. --labels predicted")
      ->check(CLI::IsMember({"oracle", "predicted", "both"}));
  command
      ->add_option(
          "--presence", arguments->presence,
          "when a class counts as predicted: calibrated, by the model's presence head if it has one; own, by the network's own calibrated "
          "scores; half: sigmoid of these over 0.5, as published; e.g. --presence own")
      ->check(CLI::IsMember({"calibrated", "own", "half"}));
  add_groups(*command, arguments->groups);
  command->add_flag("--crf,!--no-crf", arguments->crf, "also after a dense CRF; e.g. --no-crf")->default_str("true");
  command->add_flag("--tta,!--no-tta", arguments->tta, "mean of six views, mirrored and brighter or darker; e.g. --no-tta")
      ->default_str("true");
  command->add_flag("--skip-unusable", arguments->skip_unusable, kSkipUnusableHelp);
  command->add_flag("--json", arguments->json, "one JSON object on stdout");
  return {command, [arguments](const Context& context) { return run_evaluate(*arguments, context); }, {.threads = true, .device = true}};
}

Command add_calibrate(CLI::App& program) {
  auto arguments = std::make_shared<CalibrateArguments>();
  CLI::App* command = program.add_subcommand("calibrate", "Teach an imported model which scores mean presence");
  command->footer("\nExample:  wsi-lpd calibrate patches/ --model imported.safetensors\nTrained models are calibrated already.");
  command
      ->add_option(
          "PATCHES", arguments->patches,
          "folder of patches with image labels, as for train, or of {valid,test}/{img,mask}/ alone, whose classes have the model's "
          "names, in any order")
      ->required();
  command->add_option("--model", arguments->model, kModelHelp);
  command->add_flag("--skip-unusable", arguments->skip_unusable, kSkipUnusableHelp);
  add_presence_encoder(*command, arguments->presence);
  add_groups(*command, arguments->groups);
  command->add_option("-o,--output", arguments->output, "file to write instead of changing the model; e.g. -o calibrated.safetensors");
  return {command, [arguments](const Context& context) { return run_calibrate(*arguments, context); }, {.threads = true, .device = true}};
}

}  // namespace wsi_lpd::cli
