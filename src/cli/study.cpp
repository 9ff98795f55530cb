#include "wsi_lpd/pipeline/review/study.hpp"

#include <iostream>
#include <map>
#include <memory>

#include "config.hpp"
#include "seed_range.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::cli {
namespace {

struct StudyArguments {
  std::filesystem::path results, table;
  pipeline::review::StudyOptions options;
};

int run_study(const StudyArguments& arguments, const Context& context) {
  const auto [index, study] = pipeline::review::write_study(arguments.results, arguments.table, arguments.options, context.work());
  write_resolved_config(context.options, index.parent_path());
  std::map<std::string, std::vector<std::string>> left_out;  // by reason
  for (const output::StudyLeftOut& each : study.left_out) left_out[each.reason].push_back(each.slide);
  for (const auto& [reason, slides] : left_out)
    context.observer.warn(core::count_of(slides.size(), "slide", "slides") + " left out, " + reason + ": " + core::joined_first(slides));
  for (const std::string& warning : study.warnings) context.observer.warn(warning);
  std::cout << "study of " << core::count_of(study.cases.size(), "case", "cases") << " of "
            << core::count_of(study.slides.size(), "slide", "slides") << ", " << study.left_out.size() << " left out, "
            << core::count_of(study.groups.size(), "group", "groups") << ": " << index.string() << "\n";
  return kDone;
}

}  // namespace

Command add_study(CLI::App& program) {
  auto arguments = std::make_shared<StudyArguments>();
  CLI::App* command =
      program.add_subcommand("study", "Join slides to cases, compare groups: tables, plots and methods for a paper, without the network");
  command->footer(
      "\nExample:  wsi-lpd study results/ --groups groups.csv\n"
      "groups.csv has the columns slide, case and, if wanted, group. Then open results/study/index.html.");
  command->add_option("OUT", arguments->results, "folder that segment or batch wrote to")->required();
  command
      ->add_option("--groups", arguments->table,
                   "table with the columns slide (as in summary.csv, or the end of its path), case and, if wanted, group; e.g. --groups "
                   "groups.csv")
      ->required();
  command->add_option("-o,--output", arguments->options.output,
                      "folder of the study, new or a study's; if not given: study in OUT; e.g. -o paper/study");
  command->add_option("--seed", arguments->options.seed, "of the resamples that give the intervals; e.g. --seed 7")->check(seed_range());
  return {command, [arguments](const Context& context) { return run_study(*arguments, context); }};
}

}  // namespace wsi_lpd::cli
