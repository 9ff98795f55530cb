#include "wsi_lpd/pipeline/review/compare_folders.hpp"

#include <iostream>
#include <memory>

#include "command.hpp"
#include "metrics_text.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file_names.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/output/disagreement.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::int64_t kPictureSide = 2048;

struct CompareArguments {
  fs::path result, truth, overlay;
  std::string truth_values = "auto", outside = "background";
  bool json = false;
  pipeline::review::CompareOptions options;
};

Json comparison_json(const pipeline::review::Comparison& comparison, double tolerance) {
  Json json = json_of(comparison.matrix, comparison.classes.names);
  json["left_out_pixels"] = comparison.left_out;
  if (comparison.boundary.empty()) return json;
  json["boundary"] = {{"tolerance_um", tolerance}, {"mean_F1", json_number(raster::mean_f1(comparison.boundary))}};
  for (std::size_t c = 0; c < comparison.boundary.size(); ++c) {
    const raster::BoundaryCounts& counts = comparison.boundary[c];
    json["boundary"]["classes"][comparison.classes.names[c]] = {{"F1", json_number(counts.f1())},
                                                                {"precision", json_number(counts.precision())},
                                                                {"recall", json_number(counts.recall())},
                                                                {"truth_pixels", counts.truth},
                                                                {"result_pixels", counts.predicted}};
  }
  return json;
}

void print_table(const pipeline::review::Comparison& comparison, double tolerance) {
  const std::vector<std::string>& names = comparison.classes.names;
  std::cout << metrics_table({{"result", &comparison.matrix}}, names);
  if (!comparison.boundary.empty()) std::cout << "\n" << boundary_table(comparison.boundary, names, tolerance);
  std::cout << "\n% of truth, in columns by result\n" << confusion_table(comparison.matrix, names, comparison.classes.background);
  std::cout << "over " << comparison.matrix.total() << " pixels";
  if (comparison.left_out > 0) std::cout << ", " << comparison.left_out << " left out";
  std::cout << "\n";
}

int compare_files(const CompareArguments& arguments, const pipeline::review::CompareOptions& options, const Context& context) {
  const pipeline::review::Comparison comparison =
      pipeline::review::compare_labels(arguments.result, arguments.truth, options, context.work());
  if (!comparison.warning.empty()) context.observer.warn(comparison.warning);
  if (!comparison.note.empty()) context.observer.info(comparison.note);
  if (!arguments.overlay.empty()) {
    const core::Image picture =
        output::draw_disagreement(comparison.truth, comparison.result, comparison.matrix, comparison.classes, comparison.picture_mpp);
    if (core::lower_ending(arguments.overlay) == ".png") {
      image::write_png(arguments.overlay, picture);
    } else {
      image::write_jpeg(arguments.overlay, picture);
    }
  }
  if (arguments.json) {
    std::cout << core::json_text(comparison_json(comparison, options.boundary_um), 2) << "\n";
  } else {
    print_table(comparison, options.boundary_um);
  }
  return kDone;
}

void print_slides(const pipeline::review::FolderComparison& comparison) {
  std::cout << "\n";
  for (const pipeline::review::ComparedSlide& slide : comparison.slides) {
    std::cout << core::one_line(slide.slide) << ": mIoU " << percent(slide.comparison.matrix.mean_iou()) << " %, mDice "
              << percent(slide.comparison.matrix.mean_dice()) << " %";
    if (!slide.comparison.boundary.empty()) std::cout << ", boundary F1 " << percent(raster::mean_f1(slide.comparison.boundary)) << " %";
    std::cout << "\n";
  }
  std::cout << core::count_of(comparison.slides.size(), "slide", "slides") << " compared, " << comparison.failures.size() << " failed, "
            << comparison.without_truth.size() << " without truth\n";
}

int compare_folders(const CompareArguments& arguments, const pipeline::review::CompareOptions& options, const Context& context) {
  if (!arguments.overlay.empty()) throw core::UsageError("--overlay draws one slide: compare its files instead of folders");
  const pipeline::review::FolderComparison comparison =
      pipeline::review::compare_folders(arguments.result, arguments.truth, options, context.work());
  if (!comparison.total.note.empty()) context.observer.info(comparison.total.note);
  if (arguments.json) {
    Json json = comparison.slides.empty() ? Json::object() : comparison_json(comparison.total, options.boundary_um);
    json["slides"] = Json::array();
    for (const pipeline::review::ComparedSlide& slide : comparison.slides) {
      Json entry{{"slide", slide.slide}};
      entry.update(comparison_json(slide.comparison, options.boundary_um));
      json["slides"].push_back(entry);
    }
    json["failed"] = comparison.failures;
    json["without_truth"] = comparison.without_truth;
    std::cout << core::json_text(json, 2) << "\n";
  } else {
    if (!comparison.slides.empty()) print_table(comparison.total, options.boundary_um);
    print_slides(comparison);
  }
  if (comparison.failures.empty()) return kDone;
  return comparison.slides.empty() ? kFailed : kSomeSlidesFailed;
}

int run_compare(const CompareArguments& arguments, const Context& context) {
  pipeline::review::CompareOptions options = arguments.options;
  if (arguments.truth_values == "patches") options.truth_values = pipeline::review::LabelValues::Patches;
  if (arguments.truth_values == "results") options.truth_values = pipeline::review::LabelValues::Results;
  options.outside_is_background = arguments.outside == "background";
  if (!arguments.overlay.empty()) options.picture_side = kPictureSide;
  const bool result_is_folder = fs::is_directory(arguments.result), truth_is_folder = fs::is_directory(arguments.truth);
  if (result_is_folder != truth_is_folder)
    throw core::UsageError((result_is_folder ? arguments.result : arguments.truth).string() + ": is a folder, and " +
                           (result_is_folder ? arguments.truth : arguments.result).string() + " is none: compare two files or two folders");
  return result_is_folder ? compare_folders(arguments, options, context) : compare_files(arguments, options, context);
}

}  // namespace

Command add_compare(CLI::App& program) {
  auto arguments = std::make_shared<CompareArguments>();
  CLI::App* command = program.add_subcommand("compare", "Compare results with a pixel truth, GeoJSON, or other results");
  command->footer(
      "\nExample:  wsi-lpd compare results/slide.tif slide.labels.png --overlay errors.png\n"
      "          wsi-lpd compare results/ older-results/\n"
      "          wsi-lpd compare results/ annotations/\n"
      "annotations/ holds NAME.geojson, NAME.png, NAME.labels.png or NAME.labels.tif of each slide NAME.svs.");
  command->add_option("RESULT", arguments->result, "label raster that segment wrote, or a folder of them")->required();
  command
      ->add_option("TRUTH", arguments->truth,
                   "labels as PNG (indexed, grey or RGB) or TIFF, of the same part of the slide at any resolution; GeoJSON whose classes "
                   "have the result's names; another result, or a folder of these")
      ->required();
  command
      ->add_option("--classes", arguments->options.classes,
                   "names of the result's classes, where it does not carry them or GeoJSON calls them otherwise; e.g. --classes TUM,STR")
      ->delimiter(',');
  command
      ->add_option("--truth-values", arguments->truth_values,
                   "what the numbers in TRUTH mean. patches: 0… classes, then background; results: 0 not tissue, 1… classes; auto: results "
                   "where segment wrote it, by "
                   "colour where the truth has the classes' colours, else patches; e.g. results")
      ->check(CLI::IsMember({"auto", "patches", "results"}));
  command
      ->add_option(
          "--outside", arguments->outside,
          "what counts outside of GeoJSON's regions: background; or ignore, nothing, where only parts of a slide were annotated; e.g. "
          "--outside ignore")
      ->check(CLI::IsMember({"background", "ignore"}));
  command
      ->add_option("--boundary-um", arguments->options.boundary_um,
                   "tolerance in um of the boundary F1; 0: it is not worked out; e.g. --boundary-um 20")
      ->check(CLI::Range(0.0, 10000.0));
  command
      ->add_option("--overlay", arguments->overlay, "picture of where the two agree and where not, .jpg or .png; e.g. --overlay errors.png")
      ->check([](const std::string& file) {
        const std::string extension = fs::path(file).extension();
        return extension == ".jpg" || extension == ".jpeg" || extension == ".png" ? std::string()
                                                                                  : "--overlay " + file + " is neither .jpg nor .png";
      });
  command->add_flag("--json", arguments->json, "one JSON object on stdout");
  return {command, [arguments](const Context& context) { return run_compare(*arguments, context); }};
}

}  // namespace wsi_lpd::cli
