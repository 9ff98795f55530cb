#include "wsi_lpd/pipeline/compare.hpp"

#include <cmath>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.hpp"

namespace wsi_lpd::cli {
namespace {

struct CompareArguments {
  std::filesystem::path result, truth;
  std::vector<std::string> classes;
  std::string truth_values = "auto";
  bool json = false;
};

nlohmann::json number(double value) { return std::isnan(value) ? nlohmann::json() : nlohmann::json(value); }

void print_json(const pipeline::Comparison& comparison, const std::vector<std::string>& names) {
  const ConfusionMatrix& m = comparison.matrix;
  nlohmann::ordered_json json{{"mIoU", number(m.mean_iou())},
                              {"mDice", number(m.mean_dice())},
                              {"FwIoU", number(m.frequency_weighted_iou())},
                              {"pixels", m.total()},
                              {"unreadable_pixels", comparison.unreadable}};
  for (int c = 0; c < m.classes(); ++c) {
    json["classes"][names[static_cast<std::size_t>(c)]] = {{"IoU", number(m.iou(c))}, {"Dice", number(m.dice(c))}};
  }
  for (int t = 0; t <= m.classes(); ++t) {
    nlohmann::ordered_json row;
    for (int p = 0; p <= m.classes(); ++p) row.push_back(m.count(t, p));
    json["confusion"].push_back(row);
  }
  std::cout << json.dump(2) << "\n";
}

void print_table(const pipeline::Comparison& comparison, const std::vector<std::string>& names) {
  const ConfusionMatrix& m = comparison.matrix;
  std::cout << std::fixed << std::setprecision(4) << std::left << std::setw(16) << "class" << std::right << std::setw(8) << "IoU"
            << std::setw(8) << "Dice"
            << "\n";
  for (int c = 0; c < m.classes(); ++c) {
    std::cout << std::left << std::setw(16) << names[static_cast<std::size_t>(c)] << std::right << std::setw(8) << m.iou(c) << std::setw(8)
              << m.dice(c) << "\n";
  }
  std::cout << "mIoU " << m.mean_iou() << "  mDice " << m.mean_dice() << "  FwIoU " << m.frequency_weighted_iou() << "  over " << m.total()
            << " pixels";
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
