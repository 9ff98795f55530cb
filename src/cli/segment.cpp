#include "config.hpp"
#include "measure.hpp"
#include "model_file.hpp"
#include "slide_lines.hpp"

namespace wsi_lpd::cli {
namespace {

struct SlideArguments {
  std::vector<std::filesystem::path> slides;
  SegmentArguments segment;
};

int run(const SlideArguments& arguments, const Context& context) {
  const SegmentArguments& segment = arguments.segment;
  pipeline::archive::FoundSlides found = pipeline::archive::name_results(arguments.slides, segment.output, context.cancel);
  prepare_jobs(found, segment, context);
  const pipeline::archive::WorkerRun loaded =
      load_run(find_model(segment.model, context.observer), segment, context, context.common.device, context.common.threads);
  const auto runner = pipeline::archive::runner_in_this_process(*loaded.segmenter, loaded.options, loaded.identity, {}, context.cancel);
  write_resolved_config(context.options, segment.output);
  SlideLines lines(segment.output, context.common.quiet);
  const auto on_outcome = [&](const pipeline::archive::SlideOutcome& outcome) { lines.print(outcome); };
  const pipeline::archive::BatchReport report =
      run_batch(found.jobs, segment.output, *runner, loaded.identity, {.force = segment.force, .on_outcome = on_outcome}, context.work());
  const int code = measured_after(lines.print(report, context.observer), segment.output, segment.annotations, context);
  return code == kSomeSlidesFailed && arguments.slides.size() == 1 ? kFailed : code;
}

}  // namespace

Command add_segment(CLI::App& program) {
  auto arguments = std::make_shared<SlideArguments>();
  CLI::App* command = program.add_subcommand("segment", "Segment slides: label pyramid, HDF5, GeoJSON, statistics, overlay");
  command->footer("\nExample:  wsi-lpd segment slide.svs -o results");
  command->add_option("SLIDE", arguments->slides, "slides that OpenSlide reads, OME-TIFF, TIFF, PNG, JPEG, VIPS; e.g. slide.svs")
      ->required();
  add_segment_options(*command, arguments->segment);
  return {command, [arguments](const Context& context) { return run(*arguments, context); }, {.threads = true, .device = true}};
}

}  // namespace wsi_lpd::cli
