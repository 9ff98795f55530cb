#include "segment_options.hpp"

#include <set>

#include "config.hpp"
#include "model_file.hpp"
#include "mpp_range.hpp"
#include "staging_options.hpp"
#include "tissue_options.hpp"
#include "worker_options.hpp"
#include "wsi_lpd/digest/sha256.hpp"
#include "wsi_lpd/model/runtime/device.hpp"
#include "wsi_lpd/pipeline/segment/lpd_segmenter.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

/// Sets what `identity` knows of the options: those that change neither pixels nor numbers stay out, and files that say where tissue is
/// count by their content.
void configure(pipeline::segment::RunIdentity& identity, const CLI::App& options, const pipeline::segment::SegmentOptions& segment) {
  std::set<std::string> without{"output", "model", "threads", "device", "batch-size", "tokens", "annotations"};
  without.insert(kWorkerOptions.begin(), kWorkerOptions.end());
  without.insert(kStagingOptions.begin(), kStagingOptions.end());
  if (segment.effort == 1) without.insert("effort");  // younger than results that are complete
  std::string text = resolved_config(options, without);
  identity.configuration = config_values(options, without);
  const auto add_content = [&](const std::string& option, const std::string& file) {
    if (file.empty() || file == "auto" || file == "none") return;
    const std::string sha256 = digest::sha256_of_file(file);
    text += sha256 + "\n";
    identity.configuration["content of " + option] = sha256;
  };
  add_content("tissue", segment.tissue);
  add_content("region", segment.region);
  identity.configuration_sha256 = digest::sha256_of_text(text);
}

std::unique_ptr<pipeline::segment::Segmenter> load(const fs::path& model, const SegmentArguments& arguments, const std::string& device) {
  return pipeline::segment::load_lpd_segmenter(
      model, {.device = model::runtime::resolve_device(device),
              .normalisation =
                  arguments.normalisation == "tile" ? pipeline::segment::Normalisation::Tile : pipeline::segment::Normalisation::Calibrated,
              .arithmetic = arguments.precision == "int8"   ? pipeline::segment::Arithmetic::Int8
                            : arguments.precision == "bf16" ? pipeline::segment::Arithmetic::Bfloat16
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
  command
      .add_option(
          "--effort", arguments.options.effort,
          "look at the tissue once, and then at no more than this share of the other, overlapping tiles: those with the most doubt; "
          "1: all; with 0.1 a slide takes about half of the time; e.g. --effort 0.1")
      ->check(CLI::Range(0.0, 1.0));
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
                  "of the encoder: fp32, bf16, int8, auto: the fastest of them that gives a sample of the slide the same labels; e.g. fp32")
      ->check(CLI::IsMember({"auto", "int8", "bf16", "fp32"}));
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

void add_annotations(CLI::App& command, SegmentArguments& arguments) {
  command.add_option(
      "--annotations", arguments.annotations,
      "GeoJSON with regions to be measured when all slides are done, as by wsi-lpd measure: a folder with NAME.geojson for the "
      "results NAME.json, or one file; e.g. --annotations qupath");
}

}  // namespace

void add_segment_options(CLI::App& command, SegmentArguments& arguments) {
  add_tiling(command, arguments);
  add_tissue(command, arguments.options);
  add_network(command, arguments);
  add_limits(command, arguments.options);
  add_results(command, arguments.options);
  add_annotations(command, arguments);
  command.add_flag("--force", arguments.force, "do slides again whose results are complete")->configurable(false);
}

pipeline::segment::RunIdentity identity_of(const fs::path& model, const SegmentArguments& arguments, const Context& context) {
  pipeline::segment::RunIdentity identity{model.string(), digest::sha256_of_file(model), {}};
  configure(identity, context.options, arguments.options);
  return identity;
}

pipeline::archive::WorkerRun load_run(const fs::path& model, const SegmentArguments& arguments, const Context& context,
                                      const std::string& device, int threads) {
  pipeline::archive::WorkerRun run{load(model, arguments, device), options_of(arguments, threads), identity_of(model, arguments, context)};
  if (run.options.tile == 0) run.options.tile = run.segmenter->shape().patch_size;
  return run;
}

}  // namespace wsi_lpd::cli
