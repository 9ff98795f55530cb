#include "wsi_lpd/pipeline/compare.hpp"

#include <iostream>
#include <memory>

#include "command.hpp"
#include "metrics_text.hpp"

namespace wsi_lpd::cli {
namespace {

struct CompareArguments {
  std::filesystem::path result, truth;
  std::vector<std::string> classes;
  std::string truth_values = "auto";
  bool json = false;
};

void print_json(const pipeline::Comparison& comparison, const std::vector<std::string>& names) {
  nlohmann::ordered_json json = json_of(comparison.matrix, names);
  json["unreadable_pixels"] = comparison.unreadable;
  std::cout << json.dump(2) << "\n";
}

void print_table(const pipeline::Comparison& comparison, const std::vector<std::string>& names) {
  std::cout << metrics_table({{"result", &comparison.matrix}}, names) << "over " << comparison.matrix.total() << " pixels";
  if (comparison.unreadable > 0) std::cout << ", " << comparison.unreadable << " unreadable ones left out";
  std::cout << "\n";
}

int run_compare(const CompareArguments& arguments, const Context& context) {
  std::vector<std::string> names = arguments.classes;
  if (names.empty()) {
    const auto scheme = pipeline::result_classes(arguments.result);
    if (!scheme) throw UsageError(arguments.result.string() + ": does not say its classes; give --classes");
    names = scheme->names;
  }
  std::optional<pipeline::LabelValues> values;
  if (arguments.truth_values == "patches") values = pipeline::LabelValues::Patches;
  if (arguments.truth_values == "results") values = pipeline::LabelValues::Results;
  const pipeline::Comparison comparison =
      pipeline::compare_labels(arguments.result, arguments.truth, static_cast<int>(names.size()), values, context.observer, context.cancel);
  if (!values) {
    context.observer.info(comparison.truth_values == pipeline::LabelValues::Patches
                              ? "the truth's values are read as in patches: 0… classes, then background (--truth-values)"
                              : "the truth's values are read as in results: 0 not tissue, 1… classes (--truth-values)");
  }
  if (arguments.json) {
    print_json(comparison, names);
  } else {
    print_table(comparison, names);
  }
  return kDone;
}

}  // namespace

Command add_compare(CLI::App& program) {
  auto arguments = std::make_shared<CompareArguments>();
  CLI::App* command = program.add_subcommand("compare", "Compare a label raster with a pixel truth");
  command->footer("\nExample:  wsi-lpd compare results/slide.tif slide.labels.png");
  command->add_option("RESULT", arguments->result, "label raster: what segment wrote")->required();
  command->add_option("TRUTH", arguments->truth, "labels as PNG or TIFF, of the same part of the slide at any resolution")->required();
  command->add_option("--classes", arguments->classes, "class names, where the result does not carry them; e.g. --classes TUM,STR")
      ->delimiter(',');
  command
      ->add_option(
          "--truth-values", arguments->truth_values,
          "patches: 0… classes, then background; results: 0 not tissue, 1… classes; auto: results where segment wrote it; e.g. results")
      ->check(CLI::IsMember({"auto", "patches", "results"}));
  command->add_flag("--json", arguments->json, "one JSON object on stdout");
  return {command, [arguments](const Context& context) { return run_compare(*arguments, context); }};
}

}  // namespace wsi_lpd::cli
