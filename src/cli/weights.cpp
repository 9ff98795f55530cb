#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "mpp_range.hpp"
#include "run_folder.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/model/imports/weights_import.hpp"

namespace wsi_lpd::cli {
namespace {

struct WeightsArguments {
  std::string action;
  std::filesystem::path file, output;
  model::imports::ImportOptions options;
  bool json = false;
};

void print_line(const char* what, std::size_t count, const std::vector<std::string>& names) {
  std::cout << "  " << what << count << "\n";
  for (const std::string& name : names) std::cout << "      " << name << "\n";
}

void print(const model::imports::ImportReport& report, bool verbose) {
  std::cout << report.source << ", " << report.architecture << ", becomes a file of the kind " << report.kind
            << (report.flipped ? "; channels BGR turned to RGB" : "; channels as they are") << "\n";
  for (const std::string& fact : report.facts) std::cout << "  " << fact << "\n";
  std::cout << "  licence     "
            << (report.licence.empty() ? "not stated; --licence records it" : report.licence + " (" + report.licence_source + ")") << "\n";
  print_line("used        ", report.used.size(), verbose ? report.used : std::vector<std::string>());
  print_line("ignored     ", report.ignored.size(), verbose ? report.ignored : core::first_lines(report.ignored));
  print_line("missing     ", report.missing.size(), report.missing);
  print_line("unexpected  ", report.unexpected.size(), report.unexpected);
  print_line("mis-shaped  ", report.misshaped.size(), report.misshaped);
}

int run(const WeightsArguments& arguments, const Context& context) {
  const model::imports::ImportReport report = model::imports::import_weights(arguments.file, arguments.output, arguments.options);
  if (arguments.json) {
    const nlohmann::ordered_json json{
        {"source", report.source},
        {"kind", report.kind},
        {"architecture", report.architecture},
        {"flipped", report.flipped},
        {"facts", report.facts},
        {"licence", report.licence.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(report.licence)},
        {"complete", report.complete()},
        {"used", report.used},
        {"ignored", report.ignored},
        {"missing", report.missing},
        {"unexpected", report.unexpected},
        {"misshaped", report.misshaped}};
    std::cout << core::json_text(json, 2) << "\n";
  } else if (!context.common.quiet) {
    print(report, context.common.verbose);
  }
  if (!report.complete()) {
    throw core::Error(arguments.file.string() + ": is no whole " + report.architecture + ": " + std::to_string(report.missing.size()) +
                      " tensors missing, " + std::to_string(report.unexpected.size()) + " unexpected, " +
                      std::to_string(report.misshaped.size()) + " mis-shaped (listed above); nothing was written");
  }
  const model::imports::ImportOptions& given = arguments.options;
  if (report.kind != "model" && (!given.classes.empty() || given.mpp || !given.bank.empty()))
    context.observer.warn("--classes, --mpp and --bank belong to whole models; this is an encoder, which has none of them");
  if (report.kind == "model") {
    if (!arguments.options.mpp) {
      context.observer.warn("the model's um/px is not known (--mpp): segment will read slides at level 0 as they are");
    }
    context.observer.warn("the model is not calibrated; run " + calibrate_command(arguments.output) +
                          ", or segment with --normalisation tile");
  }
  if (!arguments.json && !context.common.quiet) std::cout << "written to " << arguments.output.string() << "\n";
  return kDone;
}

/// What a frozen encoder's file and the config.json beside it don't say.
void add_encoder_options(CLI::App& command, model::imports::EncoderOptions& encoder) {
  command.add_option("--heads", encoder.heads, "attention heads of a vision transformer, where no config.json says it; e.g. --heads 12")
      ->check(CLI::PositiveNumber);
  command.add_option("--input-size", encoder.input_size, "side in pixels of the images that the encoder is shown; e.g. --input-size 224")
      ->check(CLI::PositiveNumber);
  command.add_option("--mean", encoder.mean, "mean of the encoder's input, RGB from 0 to 1; e.g. --mean 0.485,0.456,0.406")->delimiter(',');
  command.add_option("--std", encoder.std, "standard deviation of the encoder's input; e.g. --std 0.229,0.224,0.225")->delimiter(',');
  command
      .add_option("--pooling", encoder.pooling,
                  "a vision transformer's feature: its class token, the mean of the patches' tokens, or both; e.g. --pooling cls")
      ->check(CLI::IsMember({"cls", "mean", "cls+mean"}));
}

}  // namespace

Command add_weights(CLI::App& program) {
  auto arguments = std::make_shared<WeightsArguments>();
  CLI::App* command =
      program.add_subcommand("weights", "Import published weights: mix transformers, LPD and PBIP checkpoints, frozen encoders");
  command->footer("\nExample:  wsi-lpd weights import lpd.pth -o m.safetensors --classes TUM,STR,LYM,NEC --mpp 0.25");
  command->add_option("ACTION", arguments->action, "import, the only one")->required()->check(CLI::IsMember({"import"}));
  command
      ->add_option(
          "FILE", arguments->file,
          "mit_b*.pth, Hugging Face SegFormer (.safetensors, .bin), LPD or PBIP checkpoint, MedCLIP or Hugging Face Swin-T, a vision "
          "transformer of timm, DINOv2 or Hugging Face, ResNet50 of torchvision or timm")
      ->required();
  command->add_option("-o,--output", arguments->output, "file to write; e.g. -o model.safetensors")->required();
  command
      ->add_option("--classes", arguments->options.classes,
                   "class names of an LPD or PBIP checkpoint, in the order of its labels; e.g. TUM,STR,LYM,NEC")
      ->delimiter(',');
  command->add_option("--mpp", arguments->options.mpp, "um per pixel that the checkpoint was trained at; e.g. --mpp 0.25")
      ->check(mpp_range());
  command->add_option(
      "--bank", arguments->options.bank,
      "the prototypes of a PBIP checkpoint: safetensors with `prototypes` [classes x k, 512]; e.g. --bank bank.safetensors");
  command->add_option("--licence", arguments->options.licence,
                      "licence of the weights, kept in the file and in models made with it; wins over config.json beside FILE; e.g. "
                      "--licence 'CC BY-NC-ND 4.0'");
  add_encoder_options(*command, arguments->options.encoder);
  command->add_flag("--json", arguments->json, "the table as one JSON object on stdout");
  return {command, [arguments](const Context& context) { return run(*arguments, context); }};
}

}  // namespace wsi_lpd::cli
