#include "wsi_lpd/pipeline/review/report.hpp"

#include <iostream>
#include <memory>

#include "command.hpp"
#include "mpp_range.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::cli {

Command add_report(CLI::App& program) {
  struct Arguments {
    std::filesystem::path results;
    pipeline::review::ReportOptions options;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("report", "Pages to look at results with: an index, a page per slide, a deep-zoom view");
  command->footer("\nExample:  wsi-lpd report results --deep-zoom\nThen open results/report/index.html; no server or network is needed.");
  command->add_option("OUT", arguments->results, "folder that segment or batch wrote to")->required();
  command->add_option("-o,--output", arguments->options.output,
                      "folder of the report, new or a report's; if not given: report in OUT; e.g. -o /srv/www/night");
  command->add_option("--patches", arguments->options.patches,
                      "folder that tile --uncertain wrote: each slide's page shows its patches, and the deep-zoom view where they lie; "
                      "e.g. --patches patches");
  command->add_flag(
      "--deep-zoom", arguments->options.deep_zoom,
      "cut each slide and its classes into tiles to zoom into, for slides that are still where they were; tiles of an earlier "
      "report are kept while slide and result are the same");
  command
      ->add_option("--deep-zoom-mpp", arguments->options.deep_zoom_mpp,
                   "um per pixel of the finest tiles, at most: the result's own is halved until it fits; time and disk grow with its "
                   "square; e.g. --deep-zoom-mpp 0.25")
      ->check(mpp_range(1000));
  return {command,
          [arguments](const Context& context) {
            arguments->options.threads = context.common.threads;
            const pipeline::review::ReportSummary summary =
                pipeline::review::write_report(arguments->results, arguments->options, context.work());
            if (summary.without_slide > 0) {
              context.observer.warn(std::to_string(summary.without_slide) + " of " + std::to_string(summary.slides) +
                                    " slides have no deep-zoom view; their pages say why");
            }
            std::cout << "report of " << core::count_of(static_cast<std::size_t>(summary.slides), "slide", "slides") << ", "
                      << summary.views << " with deep zoom: " << summary.index.string() << "\n";
            return kDone;
          },
          {.threads = true}};
}

}  // namespace wsi_lpd::cli
