#include <iostream>
#include <memory>

#include "command.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/pipeline/review/correct_results.hpp"

namespace wsi_lpd::cli {
namespace {

struct CorrectArguments {
  std::filesystem::path result, into;
};

int run_correct(const CorrectArguments& arguments, const Context& context) {
  const pipeline::review::CorrectedResults corrected = pipeline::review::correct_results(arguments.result, arguments.into, context.work());
  const auto warn_of = [&](const std::vector<std::string>& slides, const char* what) {
    if (!slides.empty())
      context.observer.warn(core::count_of(slides.size(), "slide has", "slides have") + what + core::joined_first(slides));
  };
  warn_of(corrected.incomplete, " no complete result (failed, unfinished or in work): ");
  warn_of(corrected.without, " no .geojson with regions (segment again without --no-geojson): ");
  for (const std::string& line : core::first_lines(corrected.refused))
    context.observer.warn(line + " (train --corrections will refuse it)");
  for (const std::string& line : core::first_lines(corrected.ignored)) context.observer.warn(line);
  for (const auto& [result, reason] : corrected.failures) context.observer.error(core::in_context(result, reason));
  if (corrected.slides > 0)
    std::cout << core::count_of(corrected.regions, "region", "regions") << " of " << core::count_of(corrected.slides, "slide", "slides")
              << " exported, " << corrected.kept << " of a person kept: " << arguments.into.string() << "\n";
  if (corrected.failures.empty() && corrected.without.empty()) return kDone;
  return corrected.slides == 0 ? kFailed : kSomeSlidesFailed;
}

}  // namespace

Command add_correct(CLI::App& program) {
  auto arguments = std::make_shared<CorrectArguments>();
  CLI::App* command = program.add_subcommand("correct", "Export the regions of segmented slides for a person to correct in QuPath");
  command->footer(
      "\nExamples:  wsi-lpd correct results/slide.tif --into corrections/slide.geojson\n"
      "           wsi-lpd correct results/ --into corrections/\n"
      "Run it again after each segmentation: what a person changed, drew or locked in QuPath is kept.");
  command
      ->add_option("RESULT", arguments->result, "result of a slide, such as results/slide.tif, or a folder of results of segment or batch")
      ->required();
  command
      ->add_option(
          "--into", arguments->into,
          "GeoJSON file to write, for a folder of results a folder, which is made; what a person corrected in files that are there "
          "is kept; e.g. --into corrections/slide.geojson")
      ->required();
  return {command, [arguments](const Context& context) { return run_correct(*arguments, context); }};
}

}  // namespace wsi_lpd::cli
