#include "dataset_description.hpp"

#include <cstdlib>

#include "toml_file.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/suggestion.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/pipeline/training/class_order.hpp"
#include "wsi_lpd/slide/resolution.hpp"

namespace wsi_lpd::cli {
namespace {

/// The texts of an entry. Throws UsageError where it has other values.
std::vector<std::string> texts_of(const TomlEntry& entry, const std::string& where) {
  if (entry.type != TomlEntry::Type::Text)
    throw core::UsageError(where + ": " + entry.key() + " holds a value that is no text; write it in quotes: " + toml_text(entry.values));
  return entry.values;
}

double mpp_of(const TomlEntry& entry, const std::string& where) {
  const bool is_number = !entry.is_list && entry.type == TomlEntry::Type::Number;
  try {
    return slide::checked_mpp(is_number ? std::optional(std::strtod(entry.values[0].c_str(), nullptr)) : std::nullopt,
                              core::joined(entry.values));
  } catch (const core::Error& error) {
    throw core::UsageError(where + ": " + error.what() + "; write it without quotes, as mpp = 0.5");
  }
}

[[noreturn]] void refuse_key(const std::string& where, const std::string& key) {
  throw core::UsageError(where + ": unknown key '" + key + "'; known are classes, background, colours, mpp" +
                         core::did_you_mean(key, {"classes", "background", "colours", "mpp"}));
}

/// What dataset.toml says; nothing where there is none.
DatasetOptions read_description(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "dataset.toml";
  DatasetOptions description;
  if (!std::filesystem::exists(file)) return description;
  for (const TomlEntry& entry : read_toml(file)) {
    const std::string key = entry.key(), where = file.string() + " line " + std::to_string(entry.line);
    if (key == "classes") {
      description.classes = texts_of(entry, where);
      for (std::string& name : description.classes) name = core::trimmed(name);
    } else if (key == "background") {
      if (entry.is_list) throw core::UsageError(where + ": background is one name, and a list is given; write it without brackets");
      description.background = texts_of(entry, where)[0];
    } else if (key == "colours") {
      description.colours = texts_of(entry, where);
    } else if (key == "mpp") {
      description.mpp = mpp_of(entry, where);
    } else {
      refuse_key(where, key);
    }
  }
  return description;
}

/// One for each class; the background's may be missing.
std::vector<core::Colour> parse_colours(const std::vector<std::string>& colours, int classes) {
  std::vector<core::Colour> result;
  result.reserve(colours.size() + 1);
  for (const std::string& colour : colours) result.push_back(core::parse_colour(colour));
  if (static_cast<int>(colours.size()) == classes) result.push_back({255, 255, 255});
  return result;
}

}  // namespace

std::vector<std::string> wanted_classes(const std::filesystem::path& folder, const DatasetOptions& options) {
  return options.classes.empty() ? read_description(folder).classes : options.classes;
}

pipeline::training::PatchFolder scan(const std::filesystem::path& folder, const pipeline::training::ScanOptions& options,
                                     core::ProgressObserver& observer) {
  pipeline::training::PatchFolder patches = pipeline::training::scan_patches(folder, options);
  for (const std::string& line : core::first_lines(patches.unusable)) observer.warn("left out: " + line);
  for (const std::string& note : patches.notes) observer.info(note);
  return patches;
}

DatasetDescription describe_dataset(const std::filesystem::path& folder, int count, const std::vector<std::string>& names,
                                    const DatasetOptions& options, core::ProgressObserver& observer) {
  const DatasetOptions described = read_description(folder);
  DatasetDescription result;
  result.classes = core::default_class_scheme(count);
  result.mpp = options.mpp ? options.mpp : described.mpp;

  const std::vector<std::string>& given = !options.classes.empty()     ? options.classes
                                          : !described.classes.empty() ? described.classes
                                                                       : names;
  if (!options.classes.empty() && !described.classes.empty() && options.classes != described.classes)
    observer.info("--classes (" + core::joined(options.classes) + ") win over those of dataset.toml (" + core::joined(described.classes) +
                  ")");
  if (!given.empty()) {
    if (static_cast<int>(given.size()) != count) {
      throw core::UsageError(folder.string() + ": " + std::to_string(given.size()) + " class names (" + core::joined(given, " ") +
                             ") for images with " + std::to_string(count) + " labels");
    }
    result.classes.names = given;
  } else {
    observer.warn("no class names are given (dataset.toml or --classes): taking " + core::joined(result.classes.names, " "));
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
  core::validate(result.classes);
  return result;
}

std::optional<double> described_mpp(const std::filesystem::path& folder) { return read_description(folder).mpp; }

MatchedClasses match_dataset(const std::filesystem::path& folder, const pipeline::training::PatchFolder& patches,
                             const core::ClassScheme& model, core::ProgressObserver& observer) {
  const DatasetOptions described = read_description(folder);
  const std::vector<std::string>& names = described.classes.empty() ? patches.class_names : described.classes;
  if (!names.empty() && patches.classes > 0 && static_cast<int>(names.size()) != patches.classes) {
    throw core::UsageError(folder.string() + ": " + std::to_string(names.size()) + " class names (" + core::joined(names, " ") +
                           ") for images with " + std::to_string(patches.classes) + " labels");
  }
  const pipeline::training::ClassOrder match = pipeline::training::match_classes(folder.string(), patches.classes, names, model.names);
  if (!match.note.empty()) observer.info(match.note);
  MatchedClasses result{{names, model.background, {}}, match.order};
  for (const std::size_t c : match.order) {
    if (names.empty()) result.classes.names.push_back(model.names[c]);
    result.classes.colours.push_back(model.colours[c]);
  }
  result.classes.colours.push_back(model.colours.back());
  if (!described.background.empty()) result.classes.background = described.background;
  if (!described.colours.empty()) result.classes.colours = parse_colours(described.colours, result.classes.count());
  core::validate(result.classes);
  return result;
}

std::string description_text(const core::ClassScheme& classes, double mpp, int size) {
  std::string text = "# images of " + std::to_string(size) + " x " + std::to_string(size) + " pixels\n";
  if (!classes.names.empty()) {
    std::vector<std::string> colours;
    for (const core::Colour& colour : classes.colours) colours.push_back(core::to_string(colour));
    text += "classes = " + toml_text(classes.names) + "\nbackground = " + toml_text(classes.background) +
            "\ncolours = " + toml_text(colours) + "\n";
  }
  if (mpp > 0) text += "mpp = " + core::shortest(mpp) + "\n";
  return text;
}

}  // namespace wsi_lpd::cli
