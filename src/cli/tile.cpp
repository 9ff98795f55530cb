#include "wsi_lpd/pipeline/review/cut_patches.hpp"

#include <iostream>
#include <memory>
#include <set>

#include "config.hpp"
#include "dataset_description.hpp"
#include "found_text.hpp"
#include "mpp_range.hpp"
#include "seed_range.hpp"
#include "tissue_options.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/model/network/model_info.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

struct TileArguments {
  std::vector<std::string> sources;
  fs::path output = "patches";
  std::optional<double> mpp;
  fs::path model, result;
  std::vector<std::string> classes;
  pipeline::review::TileOptions options;
};

/// Names from --classes, else the model's, else the result's; colours where the names are theirs.
core::ClassScheme classes_of(const TileArguments& arguments, const core::ClassScheme& model, const core::ClassScheme& result) {
  core::ClassScheme classes;
  classes.names = arguments.classes;
  for (const core::ClassScheme* known : {&model, &result}) {
    if (classes.names.empty()) classes.names = known->names;
    if (classes.colours.empty() && classes.names == known->names) classes = *known;
  }
  if (!classes.names.empty() && classes.colours.empty()) classes.colours = core::default_class_scheme(classes.count()).colours;
  if (!classes.names.empty()) core::validate(classes);
  return classes;
}

/// The slides of all sources, each once.
std::vector<pipeline::review::TileJob> find_jobs(const TileArguments& arguments, const Context& context) {
  std::vector<pipeline::review::TileJob> jobs;
  std::set<fs::path> known;
  const auto add = [&](const fs::path& slide, std::optional<double> mpp, const std::string& failure) {
    if (!known.insert(fs::weakly_canonical(slide)).second) return context.observer.info(slide.string() + " is named twice, and cut once");
    jobs.push_back({slide, arguments.mpp ? arguments.mpp : mpp, {}, arguments.mpp ? "" : failure});
  };
  for (const std::string& source : arguments.sources) {
    if (!pipeline::archive::is_collection(source)) {
      add(source, {}, {});
      continue;
    }
    const pipeline::archive::FoundSlides found = pipeline::archive::find_slides(source, arguments.output, context.cancel);
    tell_what_was_found(found, context);
    for (const pipeline::segment::SlideJob& job : found.jobs) add(job.slide, job.mpp, job.failure);
  }
  return jobs;
}

void print(const pipeline::review::TileReport& report, const fs::path& folder) {
  const auto count = [](std::int64_t number, const char* what) {
    return number > 0 ? ", " + std::to_string(number) + what : std::string();
  };
  for (const pipeline::review::TiledSlide& slide : report.slides) {
    std::cout << core::one_line(slide.slide.string()) << ": " << slide.written << " patches of " << slide.candidates << " candidates"
              << count(slide.already, " cut before") << count(slide.unreadable, " unreadable") << "\n";
  }
  for (const auto& [slide, reason] : report.failures) std::cout << core::one_line(slide) << ": failed\n";
  std::cout << report.patches() << " patches in " << folder.string()
            << count(static_cast<std::int64_t>(report.failures.size()), report.failures.size() == 1 ? " slide failed" : " slides failed");
  if (report.patches() > 0)
    std::cout << "; label them in " << (folder / "labels.csv").string() << ", then: wsi-lpd train " << folder.string();
  std::cout << "\n";
}

int run_tile(const TileArguments& arguments, const Context& context) {
  std::vector<pipeline::review::TileJob> jobs = find_jobs(arguments, context);
  pipeline::review::TileOptions options = arguments.options;
  options.threads = context.common.threads;
  if (!options.class_name.empty() && arguments.result.empty())
    throw core::UsageError("--class needs --result, which says where the class is");
  if (options.uncertain && (arguments.result.empty() || options.max == 0))
    throw core::UsageError("--uncertain needs --result, which says what is uncertain, and --max, the number of patches of a slide");
  core::ClassScheme of_model, of_result;
  if (!arguments.model.empty()) {
    const model::network::ModelInfo info = model::network::read_model_info(arguments.model);
    of_model = info.classes;
    if (options.mpp == 0) options.mpp = info.mpp.value_or(0);
    if (options.size == 0) options.size = info.patch_size;
  }
  if (!arguments.result.empty()) of_result = pipeline::review::find_results(jobs, arguments.result);
  const core::ClassScheme classes = classes_of(arguments, of_model, of_result);

  const pipeline::review::TileReport report = pipeline::review::tile_slides(jobs, arguments.output, options, classes.names, context.work());
  if (!report.slides.empty()) write_resolved_config(context.options, arguments.output);
  if (const fs::path description = arguments.output / "dataset.toml"; !fs::exists(description) && report.patches() > 0)
    core::write_text_file(description, description_text(classes, report.mpp, report.size));
  if (report.classes.empty() && report.patches() > 0)
    context.observer.warn("no classes are known (--classes, --model, --result): add a column for each to labels.csv");
  print(report, arguments.output);
  if (report.failures.empty()) return kDone;
  return jobs.size() == 1 ? kFailed : kSomeSlidesFailed;
}

}  // namespace

Command add_tile(CLI::App& program) {
  auto arguments = std::make_shared<TileArguments>();
  pipeline::review::TileOptions& options = arguments->options;
  CLI::App* command = program.add_subcommand("tile", "Cut patches out of slides, to be labelled and trained on");
  command->footer(
      "\nExample:  wsi-lpd tile slide.svs --classes TUM,STR,LYM --max 100\n"
      "          wsi-lpd tile archive/ --max 20     (a folder of slides)\n"
      "          wsi-lpd tile slide.svs --result results --class TUM --max 50     (places of tumour)\n"
      "          wsi-lpd tile slide.svs --result results --uncertain --max 20     (where labels teach most)\nWrites train/*.png, "
      "labels.csv to be filled in with 0 and "
      "1, patches.csv and dataset.toml. Run again, it adds patches and changes none.");
  command
      ->add_option("SLIDE", arguments->sources,
                   "slides, or as batch takes them: folders, patterns in quotes, .txt lists, .csv manifests; e.g. slide.svs")
      ->required();
  command->add_option("-o,--output", arguments->output, "folder for the patches, new or one that tile made; e.g. -o patches");
  command->add_option("--mpp", arguments->mpp, "um per pixel of level 0, wins over what the slide says; e.g. --mpp 0.25")
      ->check(mpp_range());
  command
      ->add_flag("--force-mpp,!--no-force-mpp", options.force_mpp,
                 "go on where a slide is more than 4 times coarser than the patches; e.g. --force-mpp")
      ->default_str("false");
  command
      ->add_option("--patch-mpp", options.mpp,
                   "um per pixel of the patches; 0: the folder's, else the model's, the result's, the first slide's; e.g. --patch-mpp 0.5")
      ->check([](const std::string& text) { return text == "0" ? std::string() : mpp_range(100)(text); });
  command
      ->add_option("--size", options.size,
                   "side of a patch, pixels, a multiple of 32; 0: the folder's, else the model's, else 224; e.g. --size 448")
      ->check(CLI::Range(0, 4096));
  command
      ->add_option("--overlap", options.overlap, "share of a patch that its neighbour repeats, in steps of 16 pixels; e.g. --overlap 0.5")
      ->check(CLI::Range(0.0, 0.9));
  add_tissue_options(*command, options.tissue, options.region);
  command->add_option("--min-tissue", options.min_tissue, "share of a patch that must be tissue; e.g. --min-tissue 0.8")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--result", arguments->result,
                      "folder that segment wrote to, or the label pyramid of one slide; its classes become columns; e.g. --result results");
  command->add_option("--class", options.class_name, "only patches that the result takes for this class; e.g. --class TUM");
  command->add_option("--min-class", options.min_class, "share of a patch that must be of --class; e.g. --min-class 0.9")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--max", options.max, "patches of one slide, drawn at random; 0: all; e.g. --max 100")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
  command
      ->add_flag("--uncertain", options.uncertain,
                 "the --max patches of a slide that the result is least certain of, or that are least like the training images, apart from "
                 "each other, in place of a draw; uncertain.csv says why; needs --result")
      ->default_str("false");
  command->add_option("--seed", options.seed, "of the draw of --max; more patches with the same seed include the fewer; e.g. --seed 7")
      ->check(seed_range());
  command->add_option("--classes", arguments->classes, "columns of labels.csv; else the model's or the result's; e.g. --classes TUM,STR")
      ->delimiter(',');
  command->add_option("--model", arguments->model,
                      "model file whose classes, um per pixel and patch size are wanted; e.g. lung.safetensors");
  return {command, [arguments](const Context& context) { return run_tile(*arguments, context); }, {.threads = true}};
}

}  // namespace wsi_lpd::cli
