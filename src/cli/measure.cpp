#include "measure.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>

#include "config.hpp"
#include "output_check.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/output/region_table.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

using pipeline::review::MeasuredFolder;
using pipeline::review::MeasureOptions;

struct MeasureArguments {
  std::vector<fs::path> results;
  fs::path annotations, output;
  std::vector<std::string> bands, annotation_bands, distances;
  std::string grid;
};

/// Throws UsageError with the option that can't be read.
MeasureOptions options_of(const MeasureArguments& arguments) {
  MeasureOptions options;
  const auto read = [](const std::string& option, auto parse, const std::string& text) {
    return core::with_context(option + (" " + text), [&] { return parse(text); });
  };
  for (const std::string& text : arguments.bands) {
    options.class_bands.push_back(read("--bands", pipeline::review::parse_bands, text));
    if (options.class_bands.back().of.empty())
      throw core::UsageError("--bands " + text + ": a class and bounds in um are wanted, such as TUM:-500,0,500");
  }
  for (const std::string& text : arguments.annotation_bands) {
    if (text.starts_with(':')) throw core::UsageError("--annotation-bands " + text + ": names no class before the colon");
    options.region_bands.push_back(read("--annotation-bands", pipeline::review::parse_bands, text));
  }
  for (const std::string& text : arguments.distances) {
    const auto distance = read("--distance", pipeline::review::parse_distance, text);
    for (const auto& other : options.distances)
      if (other.from == distance.from && other.to == distance.to)
        throw core::UsageError("--distance " + text + ": the same classes are given twice; the table has one maximum for them");
    options.distances.push_back(distance);
  }
  if (!arguments.grid.empty()) options.grid = read("--grid", pipeline::review::parse_grid, arguments.grid);
  if (arguments.annotations.empty() && !options.region_bands.empty())
    throw core::UsageError("--annotation-bands: its bands lie along the borders of annotations; give --annotations, too");
  if (arguments.annotations.empty() && options.class_bands.empty() && options.distances.empty() && !options.grid)
    throw core::UsageError("nothing to measure: give --annotations, --bands, --distance or --grid");
  return options;
}

void tell(const MeasuredFolder& measured, core::ProgressObserver& observer) {
  const auto warn_of = [&](const std::vector<std::string>& names, const char* one, const char* many, const char* what) {
    if (!names.empty()) observer.warn(core::count_of(names.size(), one, many) + what + core::joined_first(names));
  };
  warn_of(measured.incomplete, "slide has", "slides have", " no complete result (failed, unfinished or in work): ");
  warn_of(measured.without, "slide has", "slides have", " no annotations: ");
  warn_of(measured.unused, "file", "files", " of annotations without a complete result: ");
  warn_of(measured.empty, "region has", "regions have",
          " the area 0 (beyond the slide, below regions that are ignored, or smaller than a pixel): ");
  warn_of(measured.unmet, "class", "classes", " of --annotation-bands that no region has: ");
  if (measured.ignored > 0)
    observer.info(core::count_of(measured.ignored, "polygon", "polygons") + " whose class begins with Ignore: cut out of all others");
  for (const auto& [slide, reason] : measured.failures) observer.error(core::in_context(slide, reason));
}

/// What stands in the way of a table, and is none of an earlier run. Throws UsageError.
void refuse_other_files(const fs::path& table) {
  const std::string start = "--output " + table.string() + ": ";
  if (table.empty()) return;
  refuse_missing_folder("--output", table);
  if (!fs::exists(table)) return;
  const std::string header = output::region_table_header();
  std::string begin(header.size(), '\0');
  if (fs::is_regular_file(table)) std::ifstream(table, std::ios::binary).read(begin.data(), static_cast<std::streamsize>(begin.size()));
  if (begin != header) throw core::UsageError(start + "is there already and is no table of regions: name another file");
}

/// Leaves in the lists what is in all of them, in the first: what another result has is there.
void keep_common(std::vector<MeasuredFolder>& all, std::vector<std::string> MeasuredFolder::*list) {
  std::vector<std::string> common = all.at(0).*list;
  for (MeasuredFolder& each : all) {
    std::erase_if(common, [&](const std::string& name) { return std::ranges::find(each.*list, name) == (each.*list).end(); });
    (each.*list).clear();
  }
  all[0].*list = std::move(common);
}

/// One table of all results.
MeasuredFolder joined(const std::vector<MeasuredFolder>& all, const fs::path& table) {
  MeasuredFolder sum;
  sum.name = table;
  sum.table = output::region_table_header();
  for (const MeasuredFolder& each : all) {
    sum.table += each.table.substr(output::region_table_header().size());
    sum.slides += each.slides;
    sum.regions += each.regions;
  }
  return sum;
}

void write(const MeasuredFolder& measured, bool with_outlines) {
  refuse_other_files(measured.name);
  if (with_outlines)
    for (const auto& [from, to] : measured.outlines) core::write_text_file(to, core::read_text_file(from));
  core::write_text_file(measured.name, measured.table);
  std::cout << core::count_of(measured.regions, "region", "regions") << " of " << core::count_of(measured.slides, "slide", "slides") << ": "
            << measured.name.string() << "\n";
}

std::string names_of(const std::vector<fs::path>& paths) {
  std::vector<std::string> names;
  names.reserve(paths.size());
  for (const fs::path& path : paths) names.push_back(path.string());
  return core::joined_first(names);
}

int run_measure(const MeasureArguments& arguments, const Context& context) {
  const MeasureOptions options = options_of(arguments);
  refuse_other_files(arguments.output);
  const Measured measured = measure_results(arguments.results, arguments.annotations, options, arguments.output, context);
  for (fs::path table : measured.tables) write_resolved_config_to(context.options, table.replace_extension(".config.toml"));
  if (measured.failures == 0) return kDone;
  return measured.slides == 0 ? kFailed : kSomeSlidesFailed;
}

}  // namespace

Measured measure_results(const std::vector<fs::path>& results, const fs::path& annotations, const MeasureOptions& options,
                         const fs::path& table, const Context& context) {
  std::vector<MeasuredFolder> all;
  all.reserve(results.size());
  for (const fs::path& each : results) all.push_back(pipeline::review::measure_folder(each, annotations, options, context.work()));
  keep_common(all, &MeasuredFolder::unused);
  keep_common(all, &MeasuredFolder::unmet);
  Measured measured;
  for (const MeasuredFolder& each : all) {
    tell(each, context.observer);
    measured.slides += each.slides;
    measured.failures += each.failures.size();
  }
  if (measured.slides == 0 && measured.failures == 0)
    throw core::UsageError(annotations.string() + ": has annotations of none of the slides in " + names_of(results) +
                           ": NAME.geojson is wanted for the results NAME.json, in the same folders below it");
  if (!table.empty()) all = {joined(all, table)};
  for (const MeasuredFolder& each : all) {
    if (each.slides > 0) {
      write(each, table.empty());
      measured.tables.push_back(each.name);
    } else if (fs::exists(each.name)) {
      context.observer.warn(each.name.string() + ": is an earlier run's, and left as it is");
    }
  }
  return measured;
}

int measured_after(int code, const fs::path& results, const fs::path& annotations, const Context& context) {
  if (annotations.empty()) return code;
  bool is_whole = false;
  try {
    is_whole = measure_results({results}, annotations, {}, {}, context).failures == 0;
  } catch (const core::UsageError& error) {  // the slides are done all the same
    context.observer.error(error.what());
  }
  return code == kDone && !is_whole ? kSomeSlidesFailed : code;
}

void check_annotations(const fs::path& annotations) {
  if (!annotations.empty() && !fs::exists(annotations))
    throw core::UsageError("--annotations " + annotations.string() + ": no such file or folder");
}

Command add_measure(CLI::App& program) {
  auto arguments = std::make_shared<MeasureArguments>();
  CLI::App* command = program.add_subcommand(
      "measure", "Measure slides that are segmented, without the network: annotated regions, bands along borders, distances, hot spots");
  command->footer(
      "\nExamples:  wsi-lpd measure results/ --annotations qupath/\n"
      "           wsi-lpd measure results/slide.tif --annotations drawn.geojson\n"
      "           wsi-lpd measure results/ --bands TUM:-500,0,500 --distance LYM:TUM --grid 1mm2:LYM\n"
      "qupath/ holds NAME.geojson, as QuPath exports it, for the results NAME.json.\n"
      "Without --annotations each slide is one region.");
  command
      ->add_option("RESULTS", arguments->results,
                   "folder of results of segment or batch, or the result of a slide, such as results/slide.tif; several have a table each")
      ->required();
  command->add_option(
      "--annotations", arguments->annotations,
      "GeoJSON with regions: a folder with NAME.geojson for the results NAME.json, or a file where there is one slide; e.g. "
      "--annotations qupath");
  const auto add_list = [&](const char* name, std::vector<std::string>& values, const char* text) {
    command->add_option(name, values, text)->allow_extra_args(false);
  };
  add_list(
      "--bands", arguments->bands,
      "class and bounds in um from its border, negative inside, ascending: what lies between neighbouring bounds, in each region; may be "
      "given several times; e.g. --bands TUM:-500,0,500");
  add_list("--annotation-bands", arguments->annotation_bands,
           "the same from the border of each annotation, or of those of a QuPath class; e.g. --annotation-bands -500,0,500 or "
           "--annotation-bands Tumor:-500,0,500");
  add_list("--distance", arguments->distances,
           "two classes: how far the pixels of the first are from the second, up to a maximum in um (1000 if not given); may be given "
           "several times; e.g. --distance LYM:TUM:500");
  command->add_option("--grid", arguments->grid,
                      "area of squares and a class: what is in each square, and where most of the class is; e.g. --grid 1mm2:LYM");
  command->add_option("-o,--output", arguments->output,
                      "table of all to write; RESULTS/regions.csv, or NAME.regions.csv beside the result of one slide, if not given; e.g. "
                      "-o study/regions.csv");
  return {command, [arguments](const Context& context) { return run_measure(*arguments, context); }};
}

}  // namespace wsi_lpd::cli
