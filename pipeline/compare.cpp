#include "wsi_lpd/pipeline/compare.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "wsi_lpd/image/image_file.hpp"

namespace wsi_lpd::pipeline {
namespace {

/// The JSON that `segment` leaves in its rasters; null for other files.
nlohmann::json description_of(const image::LabelReader& reader) {
  nlohmann::json json = nlohmann::json::parse(reader.description(), nullptr, false);
  return json.is_object() && json.value("software", "") == "wsi-lpd" ? json : nlohmann::json();
}

/// Where pixel centres of one raster lie on the slide, along one axis: level0 = offset + scale · x.
struct Axis {
  double offset, scale;
};

struct Placement {
  Axis x, y;
};

/// A raster of ours says where it lies; any other covers `whole` level-0 pixels evenly.
std::optional<Placement> placement_of(const nlohmann::json& description) {
  if (description.is_null()) return {};
  try {
    const auto bounds = description.at("level0_bounds").get<std::vector<double>>();
    const double scale = description.at("level0_pixels_per_pixel").get<double>();
    return Placement{{bounds.at(0), scale}, {bounds.at(1), scale}};
  } catch (const nlohmann::json::exception&) {
    return {};
  } catch (const std::out_of_range&) {
    return {};
  }
}

/// One index per class, C background, or 255: left out.
constexpr std::uint8_t kLeftOut = 255;
std::vector<std::uint8_t> translation(LabelValues values, int classes) {
  std::vector<std::uint8_t> table(256, kLeftOut);
  const auto background = static_cast<std::uint8_t>(classes);
  for (int value = 0; value < classes; ++value) {
    table[static_cast<std::size_t>(values == LabelValues::Results ? value + 1 : value)] = static_cast<std::uint8_t>(value);
  }
  table[values == LabelValues::Results ? 0 : background] = background;
  return table;
}

void check_values(const std::vector<std::uint8_t>& row, const std::vector<std::uint8_t>& table, LabelValues values,
                  const std::string& file) {
  for (const std::uint8_t value : row) {
    if (table[value] == kLeftOut && !(values == LabelValues::Results && value == kUnreadable)) {
      throw Error(file + ": label value " + std::to_string(value) +
                  " is none of this model's classes; is it a label raster with values of " +
                  (values == LabelValues::Results ? "results (0 not tissue, 1… classes)" : "masks (0… classes, then background)") +
                  "? See --truth-values");
    }
  }
}

}  // namespace

std::optional<ClassScheme> result_classes(const std::filesystem::path& raster) {
  const nlohmann::json description = description_of(*image::LabelReader::open(raster));
  if (description.is_null() || !description.contains("values")) return {};
  ClassScheme scheme;
  for (int value = 1; description["values"].contains(std::to_string(value)); ++value) {
    scheme.names.push_back(description["values"][std::to_string(value)].get<std::string>());
  }
  scheme.colours = default_class_scheme(scheme.count()).colours;
  return scheme;
}

Comparison compare_labels(const std::filesystem::path& result, const std::filesystem::path& truth, int classes,
                          std::optional<LabelValues> truth_values, ProgressObserver& observer, const CancelFlag& cancel) {
  const auto result_reader = image::LabelReader::open(result);
  const auto truth_reader = image::LabelReader::open(truth);
  const nlohmann::json result_description = description_of(*result_reader);
  const nlohmann::json truth_description = description_of(*truth_reader);
  const LabelValues values = truth_values.value_or(truth_description.is_null() ? LabelValues::Patches : LabelValues::Results);
  Comparison comparison{ConfusionMatrix(classes), 0, values};

  const Size from = result_reader->size();
  const Size to = truth_reader->size();
  Placement placed_result = placement_of(result_description).value_or(Placement{{0, 1}, {0, 1}});
  Placement placed_truth = placed_result;
  if (const auto own = placement_of(truth_description)) {
    placed_truth = *own;
  } else {  // covers the same part of the slide as the result
    const double x = static_cast<double>(from.width) / static_cast<double>(to.width);
    const double y = static_cast<double>(from.height) / static_cast<double>(to.height);
    // Sizes are rounded to whole pixels: what one pixel of either raster can explain is the same shape.
    const double slack = 1.0 / static_cast<double>(std::min({from.width, from.height, to.width, to.height}));
    if (std::abs(x / y - 1) > 2 * slack) {
      throw Error(truth.string() + ": is " + std::to_string(to.width) + " x " + std::to_string(to.height) + " pixels, the result " +
                  std::to_string(from.width) + " x " + std::to_string(from.height) + ": they do not cover the same slide");
    }
    placed_truth.x.scale *= x;
    placed_truth.y.scale *= y;
  }
  const auto look_up = [](const Axis& target, const Axis& source, std::int64_t position, std::int64_t size) {
    const double level0 = target.offset + target.scale * (static_cast<double>(position) + 0.5);
    const auto index = static_cast<std::int64_t>(std::floor((level0 - source.offset) / source.scale));
    return index >= 0 && index < size ? index : std::int64_t{-1};
  };
  std::vector<std::int64_t> column(static_cast<std::size_t>(to.width));
  for (std::int64_t x = 0; x < to.width; ++x) column[static_cast<std::size_t>(x)] = look_up(placed_truth.x, placed_result.x, x, from.width);

  const std::vector<std::uint8_t> result_table = translation(LabelValues::Results, classes);
  const std::vector<std::uint8_t> truth_table = translation(values, classes);
  std::vector<std::uint8_t> result_row(static_cast<std::size_t>(from.width));
  std::vector<std::uint8_t> truth_row(static_cast<std::size_t>(to.width));
  std::vector<std::uint8_t> predicted(truth_row.size());
  std::int64_t rows_read = 0;
  observer.begin("comparing", to.height, "rows");
  for (std::int64_t y = 0; y < to.height; ++y) {
    check(cancel);
    truth_reader->next_row(truth_row.data());
    check_values(truth_row, truth_table, values, truth.string());
    const std::int64_t wanted = look_up(placed_truth.y, placed_result.y, y, from.height);
    if (wanted < 0) continue;
    for (; rows_read <= wanted; ++rows_read) {
      result_reader->next_row(result_row.data());
      check_values(result_row, result_table, LabelValues::Results, result.string());
    }
    for (std::size_t x = 0; x < predicted.size(); ++x) {
      predicted[x] = column[x] < 0 ? kLeftOut : result_table[result_row[static_cast<std::size_t>(column[x])]];
      truth_row[x] = truth_table[truth_row[x]];
      if (column[x] >= 0 && (predicted[x] == kLeftOut || truth_row[x] == kLeftOut)) ++comparison.unreadable;
    }
    comparison.matrix.add(truth_row, predicted);
    observer.advance(y + 1);
  }
  observer.end();
  return comparison;
}

}  // namespace wsi_lpd::pipeline
