#include "dataset_description.hpp"

#include <charconv>

#include "config.hpp"
#include "suggestion.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/pipeline/class_order.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::cli {
namespace {

double parse_mpp(const std::string& text, const std::string& where) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !slide::is_plausible_mpp(value)) {
    throw UsageError(where + ": mpp '" + text + "' is not a number of um/px between 0.05 and 10");
  }
  return value;
}

/// What dataset.toml says; nothing where there is none.
DatasetOptions read_description(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "dataset.toml";
  DatasetOptions description;
  if (!std::filesystem::exists(file)) return description;
  for (const auto& [key, values] : read_toml(file)) {
    if (key == "classes") {
      description.classes.clear();
      description.classes.reserve(values.size());
      for (const std::string& name : values) description.classes.push_back(trimmed(name));
    } else if (key == "background") {
      description.background = values.at(0);
    } else if (key == "colours") {
      description.colours = values;
    } else if (key == "mpp") {
      description.mpp = parse_mpp(values.at(0), file.string());
    } else {
      throw UsageError(file.string() + ": unknown key '" + key + "'; known are classes, background, colours, mpp" +
                       did_you_mean(key, {"classes", "background", "colours", "mpp"}));
    }
  }
  return description;
}

/// One for each class; the background's may be missing.
std::vector<Colour> parse_colours(const std::vector<std::string>& colours, int classes) {
  std::vector<Colour> result;
  result.reserve(colours.size() + 1);
  for (const std::string& colour : colours) result.push_back(parse_colour(colour));
  if (static_cast<int>(colours.size()) == classes) result.push_back({255, 255, 255});
  return result;
}

}  // namespace

std::vector<std::string> wanted_classes(const std::filesystem::path& folder, const DatasetOptions& options) {
  return options.classes.empty() ? read_description(folder).classes : options.classes;
}

pipeline::PatchFolder scan(const std::filesystem::path& folder, const pipeline::ScanOptions& options, ProgressObserver& observer) {
  pipeline::PatchFolder patches = pipeline::scan_patches(folder, options);
  for (const std::string& line : first_lines(patches.unusable)) observer.warn("left out: " + line);
  for (const std::string& note : patches.notes) observer.info(note);
  return patches;
}

DatasetDescription describe_dataset(const std::filesystem::path& folder, int count, const std::vector<std::string>& names,
                                    const DatasetOptions& options, ProgressObserver& observer) {
  const DatasetOptions described = read_description(folder);
  DatasetDescription result;
  result.classes = default_class_scheme(count);
  result.mpp = options.mpp ? options.mpp : described.mpp;

  const std::vector<std::string>& given = !options.classes.empty()     ? options.classes
                                          : !described.classes.empty() ? described.classes
                                                                       : names;
  if (!options.classes.empty() && !described.classes.empty() && options.classes != described.classes)
    observer.info("--classes (" + joined(options.classes) + ") win over those of dataset.toml (" + joined(described.classes) + ")");
  if (!given.empty()) {
    if (static_cast<int>(given.size()) != count) {
      throw UsageError(folder.string() + ": " + std::to_string(given.size()) + " class names (" + joined(given, " ") +
                       ") for images with " + std::to_string(count) + " labels");
    }
    result.classes.names = given;
  } else {
    observer.warn("no class names are given (dataset.toml or --classes): taking " + joined(result.classes.names, " "));
  }
  if (const std::string& background = !options.background.empty() ? options.background : described.background; !background.empty()) {
    result.classes.background = background;
  }
  const std::vector<std::string>& colours = !options.colours.empty() ? options.colours : described.colours;
  if (!colours.empty()) {
    result.classes.colours = parse_colours(colours, count);
  } else {
    observer.info(count == 4 ? "no colours are given: taking BCSS's" : "no colours are given: taking a colour-blind-safe palette");
  }
  if (!result.mpp) {
    observer.warn("the images' um/px is not known (dataset.toml or --mpp): segment will read slides at level 0 as they are");
  }
  validate(result.classes);
  return result;
}

MatchedClasses match_dataset(const std::filesystem::path& folder, const pipeline::PatchFolder& patches, const ClassScheme& model,
                             ProgressObserver& observer) {
  const DatasetOptions described = read_description(folder);
  const std::vector<std::string>& names = described.classes.empty() ? patches.class_names : described.classes;
  if (!names.empty() && patches.classes > 0 && static_cast<int>(names.size()) != patches.classes) {
    throw UsageError(folder.string() + ": " + std::to_string(names.size()) + " class names (" + joined(names, " ") + ") for images with " +
                     std::to_string(patches.classes) + " labels");
  }
  const pipeline::ClassOrder match = pipeline::match_classes(folder.string(), patches.classes, names, model.names);
  if (!match.note.empty()) observer.info(match.note);
  MatchedClasses result{{names, model.background, {}}, match.order};
  for (const std::size_t c : match.order) {
    if (names.empty()) result.classes.names.push_back(model.names[c]);
    result.classes.colours.push_back(model.colours[c]);
  }
  result.classes.colours.push_back(model.colours.back());
  if (!described.background.empty()) result.classes.background = described.background;
  if (!described.colours.empty()) result.classes.colours = parse_colours(described.colours, result.classes.count());
  validate(result.classes);
  return result;
}

std::string description_text(const ClassScheme& classes, double mpp, int size) {
  std::string text = "# images of " + std::to_string(size) + " x " + std::to_string(size) + " pixels\n";
  if (!classes.names.empty()) {
    std::vector<std::string> colours;
    for (const Colour& colour : classes.colours) colours.push_back(to_string(colour));
    text += "classes = " + toml_text(classes.names) + "\nbackground = " + toml_text(classes.background) +
            "\ncolours = " + toml_text(colours) + "\n";
  }
  if (mpp > 0) text += "mpp = " + shortest(mpp) + "\n";
  return text;
}

}  // namespace wsi_lpd::cli
