#include "dataset_description.hpp"

#include <charconv>

#include "config.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::cli {
namespace {

double parse_mpp(const std::string& text, const std::string& where) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0.05 || value > 10) {
    throw UsageError(where + ": mpp '" + text + "' is not a number of um/px between 0.05 and 10");
  }
  return value;
}

DatasetOptions read_description(const std::filesystem::path& file) {
  DatasetOptions description;
  for (const auto& [key, values] : read_toml(file)) {
    if (key == "classes") {
      description.classes = values;
    } else if (key == "background") {
      description.background = values.at(0);
    } else if (key == "colours") {
      description.colours = values;
    } else if (key == "mpp") {
      description.mpp = parse_mpp(values.at(0), file.string());
    } else {
      throw UsageError(file.string() + ": unknown key '" + key + "'; known are classes, background, colours, mpp");
    }
  }
  return description;
}

}  // namespace

DatasetDescription describe_dataset(const std::filesystem::path& folder, int count, const std::vector<std::string>& names,
                                    const DatasetOptions& options, ProgressObserver& observer) {
  const std::filesystem::path file = folder / "dataset.toml";
  const DatasetOptions described = std::filesystem::exists(file) ? read_description(file) : DatasetOptions{};
  DatasetDescription result;
  result.classes = default_class_scheme(count);
  result.mpp = options.mpp ? options.mpp : described.mpp;

  const std::vector<std::string>& given = !options.classes.empty()     ? options.classes
                                          : !described.classes.empty() ? described.classes
                                                                       : names;
  if (options.classes.empty() && !names.empty() && !described.classes.empty() && names != described.classes) {
    throw UsageError(folder.string() + ": labels.csv has the classes " + joined(names, " ") + ", and dataset.toml " +
                     joined(described.classes, " ") + ": they must be the same, in the same order");
  }
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
    result.classes.colours.clear();
    for (const std::string& colour : colours) result.classes.colours.push_back(parse_colour(colour));
    if (static_cast<int>(colours.size()) == count) result.classes.colours.push_back({255, 255, 255});
  } else {
    observer.info(count == 4 ? "no colours are given: taking BCSS's" : "no colours are given: taking a colour-blind-safe palette");
  }
  if (!result.mpp) {
    observer.warn("the images' um/px is not known (dataset.toml or --mpp): segment will read slides at level 0 as they are");
  }
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
