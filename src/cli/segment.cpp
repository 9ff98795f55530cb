#include "wsi_lpd/pipeline/segment/segment.hpp"

#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include "config.hpp"
#include "found_text.hpp"
#include "model_file.hpp"
#include "mpp_range.hpp"
#include "output_check.hpp"
#include "tissue_options.hpp"
#include "worker_options.hpp"
#include "wsi_lpd/digest/sha256.hpp"
#include "wsi_lpd/model/runtime/device.hpp"
#include "wsi_lpd/pipeline/archive/batch.hpp"
#include "wsi_lpd/pipeline/archive/find_slides.hpp"
#include "wsi_lpd/pipeline/archive/shard.hpp"
#include "wsi_lpd/pipeline/segment/lpd_segmenter.hpp"
#include "wsi_lpd/slide/resolution.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

struct SegmentArguments {
  std::vector<fs::path> slides;
  std::string source;
  fs::path output = "results";
  std::string model;
  std::optional<double> mpp;
  std::string normalisation = "calibrated", presence = "calibrated", features = "own";
  std::string blend = "window";
  std::string precision = "auto";
  std::string stain = "none";
  bool crf = false, force = false;
  pipeline::segment::SegmentOptions options;
  WorkerArguments workers{.workers = "0"};  // options of batch
};

/// What a scheduler tells one process of a batch. It has no influence on results, and stays out of config.toml, which all processes share.
struct ScheduleArguments {
  std::string shard;  ///< empty: all slides
  int failures_code = kSomeSlidesFailed;
};

/// Options that change neither pixels nor numbers stay out of a result's identity; files that say where tissue is count by their content.
std::string configuration_sha256(const CLI::App& options, const pipeline::segment::SegmentOptions& segment) {
  std::set<std::string> without{"output", "model", "threads", "device", "batch-size", "tokens"};
  without.insert(kWorkerOptions.begin(), kWorkerOptions.end());
  std::string text = resolved_config(options, without);
  for (const std::string& file : {segment.tissue, segment.region}) {
    if (!file.empty() && file != "auto" && file != "none") text += digest::sha256_of_file(file) + "\n";
  }
  return digest::sha256_of_text(text);
}

/// One line, at once: whoever reads a pipe sees how far it is.
void print(const pipeline::archive::SlideOutcome& outcome, const fs::path& output) {
  using Kind = pipeline::archive::SlideOutcome::Kind;
  std::cout << outcome.slide.string() << ": ";
  if (outcome.kind == Kind::AlreadyDone) std::cout << "already done with this model and configuration (--force does it again)";
  if (outcome.kind == Kind::Failed) std::cout << "failed (the reason is in " << (output / "summary.csv").string() << ")";
  if (outcome.kind == Kind::Elsewhere) std::cout << "in work elsewhere, by " << outcome.reason;
  if (outcome.statistics) {
    const output::SlideStatistics& slide = *outcome.statistics;
    std::cout << slide.tiles_read << " tiles in " << std::fixed << std::setprecision(1) << slide.seconds.at("total") << " s";
    const char* before = "; of the tissue: ";
    for (const output::TissueShare& part : output::tissue_shares(slide))
      std::cout << std::exchange(before, ", ") << part.name << " " << 100 * part.share << " %";
  }
  std::cout << std::endl;
}

void overrule(std::vector<pipeline::segment::SlideJob>& jobs, double mpp, core::ProgressObserver& observer) {
  std::size_t others = 0;
  for (pipeline::segment::SlideJob& job : jobs) {
    others += !job.failure.empty() || (job.mpp && *job.mpp != mpp) ? 1 : 0;
    job.mpp = mpp;
    job.failure.clear();  // of a manifest's mpp
  }
  if (others > 0) observer.warn("--mpp overrules the manifest's mpp of " + std::to_string(others) + " slides");
}

/// How --mpp or a manifest stand to what the slides say themselves.
class GivenResolutions {
 public:
  void add(const output::SlideStatistics& slide) {
    ++slides_;
    if (!slide.own_mpp) return;
    const double difference = std::abs(slide.frame.slide_mpp / *slide.own_mpp - 1);
    overruled_ += difference > kRounding ? 1 : 0;
    other_ += difference > slide::kOtherMpp ? 1 : 0;
  }
  void tell(core::ProgressObserver& observer) const {
    if (overruled_ == 0) return;
    const std::string line = "the given um/px overruled what " + std::to_string(overruled_) + " of " + std::to_string(slides_) +
                             " slides say themselves, by more than 10 % in " + std::to_string(other_);
    other_ > 0 ? observer.warn(line + " (level0_mpp_overruled in slide.json tells which)") : observer.info(line);
  }

 private:
  static constexpr double kRounding = 1e-3;
  std::size_t slides_ = 0, overruled_ = 0, other_ = 0;
};

std::unique_ptr<pipeline::segment::Segmenter> load(const fs::path& model, const SegmentArguments& arguments, const std::string& device) {
  return pipeline::segment::load_lpd_segmenter(
      model, {.device = model::runtime::resolve_device(device),
              .normalisation =
                  arguments.normalisation == "tile" ? pipeline::segment::Normalisation::Tile : pipeline::segment::Normalisation::Calibrated,
              .arithmetic = arguments.precision == "bf16"   ? pipeline::segment::Arithmetic::Bfloat16
                            : arguments.precision == "fp32" ? pipeline::segment::Arithmetic::Float32
                                                            : pipeline::segment::Arithmetic::Auto,
              .own_presence = arguments.presence == "own",
              .encoder_features = arguments.features == "encoder"});
}

pipeline::segment::SegmentOptions options_of(const SegmentArguments& arguments, int threads) {
  pipeline::segment::SegmentOptions options = arguments.options;
  options.blend = arguments.blend == "crop" ? core::Blend::Crop : core::Blend::Window;
  if (arguments.crf) options.crf.emplace();
  options.stain = core::parse_stain_method(arguments.stain);
  options.threads = threads;
  return options;
}

pipeline::segment::RunIdentity identity_of(const fs::path& model, const SegmentArguments& arguments, const Context& context) {
  return {model.string(), digest::sha256_of_file(model), configuration_sha256(context.options, arguments.options)};
}

/// The model and options of one process.
pipeline::archive::WorkerRun load_run(const fs::path& model, const SegmentArguments& arguments, const Context& context,
                                      const std::string& device, int threads) {
  pipeline::archive::WorkerRun run{load(model, arguments, device), options_of(arguments, threads), identity_of(model, arguments, context)};
  if (run.options.tile == 0) run.options.tile = run.segmenter->shape().patch_size;
  return run;
}

int work_for_batch(const SegmentArguments& arguments, const Context& context) {
  core::SilentObserver silent;  // the batch has told what is to be told of the model
  pipeline::archive::serve_worker(
      [&](const pipeline::archive::WorkerShare& share) {
        return load_run(find_model(arguments.model, silent), arguments, context, share.device, share.threads);
      },
      context.cancel);
  return kDone;
}

/// Segments the slides, here or in worker processes.
pipeline::archive::BatchReport run_jobs(const SegmentArguments& arguments, const std::vector<pipeline::segment::SlideJob>& jobs,
                                        const pipeline::archive::BatchOptions& batch, const Context& context) {
  const fs::path model = find_model(arguments.model, context.observer);
  pipeline::archive::WorkerRun here;
  const auto runner_here = [&] {
    here = load_run(model, arguments, context, context.common.device, context.common.threads);
    return pipeline::archive::runner_in_this_process(*here.segmenter, here.options, here.identity, {}, context.cancel);
  };
  const pipeline::segment::RunIdentity identity = identity_of(model, arguments, context);
  const auto workers = start_workers(arguments.workers, context, arguments.output, identity, jobs.size());
  const auto runner = workers ? nullptr : runner_here();
  write_resolved_config(context.options, arguments.output);
  return pipeline::archive::run_batch(jobs, arguments.output, workers ? *workers : *runner, identity, batch, context.work());
}

int run(const SegmentArguments& arguments, pipeline::archive::FoundSlides found, const Context& context) {
  tell_what_was_found(found, context);
  std::vector<fs::path> stems;
  stems.reserve(found.jobs.size());
  for (const pipeline::segment::SlideJob& job : found.jobs) stems.push_back(job.stem);
  refuse_inputs_as_results(context.options, stems);
  if (arguments.mpp) overrule(found.jobs, *arguments.mpp, context.observer);
  GivenResolutions resolutions;
  const auto on_outcome = [&](const pipeline::archive::SlideOutcome& outcome) {
    print(outcome, arguments.output);
    if (outcome.statistics) resolutions.add(*outcome.statistics);
  };
  const pipeline::archive::BatchReport report =
      run_jobs(arguments, found.jobs, {.force = arguments.force, .on_outcome = on_outcome}, context);
  resolutions.tell(context.observer);
  std::cout << report.done << " done, " << report.already_done << " already done, " << report.failures.size() << " failed";
  if (!report.elsewhere.empty()) std::cout << ", " << report.elsewhere.size() << " in work elsewhere";
  std::cout << "; results in " << arguments.output.string() << "\n";
  if (!report.failures.empty()) return kSomeSlidesFailed;
  return report.elsewhere.empty() ? kDone : kInWorkElsewhere;
}

void add_tiling(CLI::App& command, SegmentArguments& arguments) {
  command.add_option("-o,--output", arguments.output, "folder for the results; e.g. -o results");
  command.add_option("--model", arguments.model, kModelHelp);
  command.add_option("--mpp", arguments.mpp, "um per pixel of level 0, wins over what the slide says; e.g. --mpp 0.25")->check(mpp_range());
  command
      .add_flag("--force-mpp,!--no-force-mpp", arguments.options.force_mpp,
                "go on where a slide is more than 4 times coarser than the model; e.g. --force-mpp")
      ->default_str("false");
  command
      .add_option("--tile", arguments.options.tile,
                  "side of a tile, pixels at the model's resolution, a multiple of 32; 0: as in training, where the "
                  "labels are best; e.g. --tile 256")
      ->check(CLI::Range(0, 4096));
  command
      .add_option("--overlap", arguments.options.overlap,
                  "share of a tile that its neighbour repeats; with 0.25 a slide takes 1.8 times less; e.g. --overlap 0.25")
      ->check(CLI::Range(0.0, 0.9));
}

void add_tissue(CLI::App& command, pipeline::segment::SegmentOptions& options) {
  add_tissue_options(command, options.tissue, options.region);
  command
      .add_option("--min-tissue", options.min_tissue,
                  "um2; with --tissue auto, smaller pieces of tissue are specks and left out; e.g. --min-tissue 5000")
      ->check(CLI::Range(0.0, 1e12));
  command
      .add_option("--min-hole", options.min_hole,
                  "um2; with --tissue auto, glass in the tissue is no tissue, but for holes smaller than this; e.g. --min-hole 1000")
      ->check(CLI::Range(0.0, pipeline::segment::SegmentOptions::kMostHole));
}

void add_network(CLI::App& command, SegmentArguments& arguments) {
  command
      .add_option(
          "--normalisation", arguments.normalisation,
          "of class maps. calibrated: the same everywhere, presence of classes by what training has taught, over neighbouring tiles; tile: "
          "min-max and presence of each tile alone, as in the paper's evaluation; e.g. tile")
      ->check(CLI::IsMember({"calibrated", "tile"}));
  command
      .add_option("--presence", arguments.presence,
                  "which classes are present: calibrated, by the model's presence head if it has one; own, by the network's own scores; "
                  "--normalisation tile always takes these; e.g. --presence own")
      ->check(CLI::IsMember({"calibrated", "own"}));
  command
      .add_option("--features", arguments.features,
                  "in slide.h5. own: of the network's stage 4; encoder: of the presence head's encoder, which then sees every tile and not "
                  "each place once; e.g. --features encoder")
      ->check(CLI::IsMember({"own", "encoder"}));
  command
      .add_option("--stain-normalisation", arguments.stain,
                  "gives a slide the colours of the training images: macenko matches the amounts of two stains, reinhard mean and spread "
                  "of the colours; e.g. --stain-normalisation macenko")
      ->check(CLI::IsMember({"none", "macenko", "reinhard"}));
  command
      .add_option("--blend", arguments.blend,
                  "window averages overlapping tiles smoothly, crop takes each tile's middle; e.g. --blend crop")
      ->check(CLI::IsMember({"window", "crop"}));
  command
      .add_option("--precision", arguments.precision,
                  "of the encoder: fp32, bf16, auto: bf16 where it is faster and a sample of the slide gets the same labels; e.g. fp32")
      ->check(CLI::IsMember({"auto", "bf16", "fp32"}));
  command
      .add_flag(
          "--crf,!--no-crf", arguments.crf,
          "move the labels' borders to the colours' edges by a dense CRF; adds 60 % to the time with fp32, 90 % with bf16; e.g. --crf")
      ->default_str("false");
}

void add_limits(CLI::App& command, pipeline::segment::SegmentOptions& options) {
  command.add_option("--batch-size", options.batch_size, "tiles of one forward pass; e.g. --batch-size 32")->check(CLI::Range(1, 1024));
  command.add_option("--tokens", options.tokens, "batches alive at once, which bounds memory; 0: threads + 2; e.g. --tokens 3")
      ->check(CLI::Range(0, 1024));
  command.add_option("--max-unreadable", options.max_unreadable, "share of tiles that may be unreadable before a slide fails; e.g. 0.01")
      ->check(CLI::Range(0.0, 1.0));
}

void add_results(CLI::App& command, pipeline::segment::SegmentOptions& options) {
  command
      .add_option("--map-mpp", options.map_mpp,
                  "um per cell of the maps in the HDF5 file and of --probabilities; 0: the network's own, 8 pixels; e.g. --map-mpp 16")
      ->check(CLI::Range(0.0, 1000.0));
  command
      .add_flag("--ome,!--no-ome", options.ome,
                "the label pyramid as OME-TIFF (slide.ome.tif, levels in SubIFDs) instead of slide.tif; e.g. --ome")
      ->default_str("false");
  command
      .add_flag("--probabilities,!--no-probabilities", options.probabilities,
                "also slide.probabilities.ome.tif, a pyramid with a channel for each class, at --map-mpp; e.g. --probabilities")
      ->default_str("false");
  command
      .add_flag("--prototypes,!--no-prototypes", options.prototypes,
                "also slide.prototypes.jpg, the strongest tiles of each prototype, which are read again; e.g. --prototypes")
      ->default_str("false");
  command.add_flag("--geojson,!--no-geojson", options.geojson, "regions as polygons for QuPath; e.g. --no-geojson")->default_str("true");
  command
      .add_option("--geojson-mpp", options.geojson_mpp,
                  "um per pixel that polygons are traced at: the nearest level of the label pyramid; e.g. --geojson-mpp 1")
      ->check(mpp_range(1000));
  command.add_option("--geojson-min-area", options.geojson_min_area, "um2; smaller regions get no polygon; e.g. --geojson-min-area 1000")
      ->check(CLI::Range(0.0, 1e12));
}

void add_options(CLI::App& command, SegmentArguments& arguments) {
  add_tiling(command, arguments);
  add_tissue(command, arguments.options);
  add_network(command, arguments);
  add_limits(command, arguments.options);
  add_results(command, arguments.options);
  command.add_flag("--force", arguments.force, "do slides again whose results are complete")->configurable(false);
}

void add_schedule(CLI::App& command, ScheduleArguments& schedule) {
  command
      .add_option("--shard", schedule.shard,
                  "i/n: the i-th of n disjoint parts of the slides, of about the same size in bytes, for n processes; e.g. --shard 3/8")
      ->check([](const std::string& text) {
        try {
          pipeline::archive::parse_shard(text);
        } catch (const core::UsageError& error) {
          return std::string(error.what());
        }
        return std::string();
      })
      ->configurable(false);
  command
      .add_option("--report-failures-as", schedule.failures_code,
                  "exit code when some slides failed; 0 for schedulers that repeat whatever ends with another; e.g. --report-failures-as 0")
      ->check(CLI::Range(0, 125))
      ->configurable(false);
}

void keep_shard(pipeline::archive::FoundSlides& found, const std::string& source, const std::string& shard, const Context& context) {
  const pipeline::archive::ShardShare share = pipeline::archive::keep_shard(found.jobs, source, pipeline::archive::parse_shard(shard));
  std::ostringstream line;
  line << "shard " << shard << ": " << share.slides << " of " << share.slides_of_all << " slides, " << std::fixed << std::setprecision(1)
       << static_cast<double>(share.bytes) / 1e6 << " of " << static_cast<double>(share.bytes_of_all) / 1e6 << " MB";
  context.observer.info(line.str());
}

}  // namespace

Command add_segment(CLI::App& program) {
  auto arguments = std::make_shared<SegmentArguments>();
  arguments->options.tile = 0;
  CLI::App* command = program.add_subcommand("segment", "Segment slides: label pyramid, HDF5, GeoJSON, statistics, overlay");
  command->footer("\nExample:  wsi-lpd segment slide.svs -o results");
  command->add_option("SLIDE", arguments->slides, "slides that OpenSlide reads, OME-TIFF, TIFF, PNG, JPEG, VIPS; e.g. slide.svs")
      ->required();
  add_options(*command, *arguments);
  return {command,
          [arguments](const Context& context) {
            const int code = run(*arguments, pipeline::archive::name_results(arguments->slides, arguments->output), context);
            return code == kSomeSlidesFailed && arguments->slides.size() == 1 ? kFailed : code;
          },
          {.threads = true, .device = true}};
}

Command add_batch(CLI::App& program) {
  auto arguments = std::make_shared<SegmentArguments>();
  arguments->options.tile = 0;
  CLI::App* command = program.add_subcommand(
      "batch", "Segment an archive: one slide's failure stops no other, finished slides are skipped, processes can share it");
  command->footer("\nExample:  wsi-lpd batch archive/ -o results");
  command
      ->add_option("SOURCE", arguments->source,
                   "folder (searched for scanners' formats, TIFFs in colour, VIPS; not PNG, JPEG, masks), pattern in quotes, .txt list or "
                   ".csv manifest with the columns slide,mpp,name")
      ->required();
  add_options(*command, *arguments);
  arguments->workers.workers = "auto";
  add_worker_options(*command, arguments->workers);
  auto schedule = std::make_shared<ScheduleArguments>();
  add_schedule(*command, *schedule);
  return {command,
          [arguments, schedule](const Context& context) {
            if (arguments->workers.is_worker) return work_for_batch(*arguments, context);
            pipeline::archive::FoundSlides found = pipeline::archive::find_slides(arguments->source, arguments->output);
            if (!schedule->shard.empty()) keep_shard(found, arguments->source, schedule->shard, context);
            const int code = run(*arguments, std::move(found), context);
            return code == kSomeSlidesFailed ? schedule->failures_code : code;
          },
          {.threads = true, .device = true}};
}

}  // namespace wsi_lpd::cli
