#include "label_rows.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/pipeline/training/class_order.hpp"
#include "wsi_lpd/slide/region_file.hpp"
#include "wsi_lpd/slide/region_labels.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

constexpr std::uint8_t kLeftOut = LabelRows::kLeftOut;
constexpr std::uint8_t kUnknown = training::kUnknownLabel;

training::LabelTable table_of(LabelValues values, int classes) {
  training::LabelTable table;
  table.fill(kUnknown);
  const auto background = static_cast<std::uint8_t>(classes);
  const std::size_t first = values == LabelValues::Results ? 1 : 0;
  for (int c = 0; c < classes; ++c) table[first + static_cast<std::size_t>(c)] = static_cast<std::uint8_t>(c);
  if (values == LabelValues::Results) {
    table[core::kNotTissue] = background;
    table[core::kUnreadable] = kLeftOut;
  } else {
    table[background] = background;
  }
  return table;
}

/// Values of another model's result, whose classes may come in another order.
training::LabelTable table_by_name(const ResultRaster& raster, const core::ClassScheme& classes) {
  const auto order = training::class_order(raster.classes.names, classes.names);
  if (!order)
    throw core::Error(raster.path.string() + ": its classes are " + core::joined(raster.classes.names) + ", and those of the result " +
                      core::joined(classes.names));
  training::LabelTable table = table_of(LabelValues::Results, classes.count());
  for (std::size_t c = 0; c < order->size(); ++c) table[c + 1] = static_cast<std::uint8_t>((*order)[c]);
  return table;
}

/// Goes once through a raster to see which values it has, and what their colours mean. The palette of an RGB image is known after that
/// only.
training::PaletteReading read_palette(const std::filesystem::path& raster, const core::ClassScheme& classes,
                                      const training::LabelTable& by_value) {
  const auto reader = image::LabelReader::open(raster, 0, image::RgbLabels::Numbered);
  if (reader->palette().empty() && !reader->is_rgb()) return {.table = by_value};
  training::UsedValues used;
  used.set();
  if (training::PaletteReading all = training::hold_palette(training::Palette(*reader), used, classes, by_value);
      !reader->is_rgb() && all.says <= training::PaletteSays::Same)
    return all;
  used.reset();
  std::vector<std::uint8_t> row(static_cast<std::size_t>(reader->size().width));
  for (std::int64_t y = 0; y < reader->size().height; ++y) {
    reader->next_row(row.data());
    for (const std::uint8_t value : row) used.set(value);
  }
  return training::hold_palette(training::Palette(*reader), used, classes, by_value);
}

std::function<void(std::span<std::uint8_t>)> translating(std::shared_ptr<image::LabelReader> reader, const training::LabelTable& table,
                                                         const std::string& file, const std::string& hint) {
  return [reader = std::move(reader), table, file, hint](std::span<std::uint8_t> row) {
    reader->next_row(row.data());
    for (std::uint8_t& value : row) {
      if (table[value] == kUnknown) {
        const std::string what = "label value " + std::to_string(value) + " is none of the result's classes; ";
        throw core::Error(core::in_context(file, what + hint));
      }
      value = table[value];
    }
  };
}

void place(LabelRows& rows, const ResultRaster& raster) {
  rows.x = {static_cast<double>(raster.bounds.x), raster.scale};
  rows.y = {static_cast<double>(raster.bounds.y), raster.scale};
}

/// Lays `rows` evenly over the same part of the slide. Sizes are rounded to whole pixels: what one pixel of either raster can explain is
/// the same shape.
void place_over(LabelRows& rows, const LabelRows& result, const std::string& file) {
  const core::Size from = result.size, to = rows.size;
  const double x = static_cast<double>(from.width) / static_cast<double>(to.width);
  const double y = static_cast<double>(from.height) / static_cast<double>(to.height);
  const double slack = 1.0 / static_cast<double>(std::min({from.width, from.height, to.width, to.height}));
  if (std::abs(x / y - 1) > 2 * slack) {
    throw core::Error(file + ": is " + std::to_string(to.width) + " x " + std::to_string(to.height) + " pixels, the result " +
                      std::to_string(from.width) + " x " + std::to_string(from.height) + ": they do not cover the same slide");
  }
  rows.x = {result.x.offset, result.x.scale * x};
  rows.y = {result.y.offset, result.y.scale * y};
}

LabelRows region_rows(const std::filesystem::path& file, const LabelRows& result, const std::optional<ResultRaster>& description,
                      const core::ClassScheme& classes, const CompareOptions& options) {
  if (!description)
    throw core::Error(file.string() + ": GeoJSON needs a result that says where it lies on the slide, as those of segment do");
  const std::uint8_t outside = options.outside_is_background ? static_cast<std::uint8_t>(classes.count()) : kLeftOut;
  auto regions = std::make_shared<slide::RegionLabels>(file, slide::RegionNames{classes.names, {classes.background}}, outside);
  LabelRows rows{result.size, result.x, result.y, {}, {}, {}};
  const double scale = description->scale;
  rows.read = [regions, scale, row = std::int64_t{0}](std::span<std::uint8_t> labels) mutable {
    regions->read_row((static_cast<double>(row++) + 0.5) * scale, 0.5 * scale, scale, labels);
  };
  rows.warnings = regions->warnings();
  if (options.outside_is_background) rows.note = "what is outside of all regions is read as background (--outside)";
  return rows;
}

}  // namespace

LabelRows result_rows(const std::filesystem::path& raster, const std::optional<ResultRaster>& description,
                      const core::ClassScheme& classes) {
  std::shared_ptr<image::LabelReader> reader = image::LabelReader::open(raster);
  LabelRows rows;
  rows.size = reader->size();
  if (description) place(rows, *description);
  rows.read = translating(reader, table_of(LabelValues::Results, classes.count()), raster.string(),
                          "is it a label raster that segment wrote (0 not tissue, 1… classes)?");
  return rows;
}

LabelRows truth_rows(const std::filesystem::path& truth, const LabelRows& result, const std::optional<ResultRaster>& description,
                     const core::ClassScheme& classes, const CompareOptions& options, training::PaletteTally& palettes) {
  if (slide::is_region_file(truth)) return region_rows(truth, result, description, classes, options);
  std::shared_ptr<image::LabelReader> reader = image::LabelReader::open(truth, 0, image::RgbLabels::Numbered);
  LabelRows rows;
  rows.size = reader->size();
  if (const auto own = reader->is_rgb() ? std::nullopt : describe_result(truth)) {
    if (description && description->bounds != own->bounds)
      throw core::Error(truth.string() + ": is a result of another slide (" + own->slide + ") than " + description->path.string() + " (" +
                        description->slide + ")");
    place(rows, *own);
    rows.read = translating(reader, table_by_name(*own, classes), truth.string(), "was it edited?");
    if (description && description->slide != own->slide)
      rows.warning = "the results are of slides of different names, " + description->slide + " and " + own->slide;
    return rows;
  }
  place_over(rows, result, truth.string());
  const bool results = options.truth_values == LabelValues::Results;
  const training::LabelTable by_value = table_of(options.truth_values.value_or(LabelValues::Patches), classes.count());
  training::PaletteReading palette = read_palette(truth, classes, by_value);
  if (palette.is_rgb && palette.says == training::PaletteSays::OtherColours)
    throw core::Error(truth.string() + ": is an RGB image, and " + palette.detail);
  if (options.truth_values && palette.says == training::PaletteSays::OtherOrder &&
      !palette.is_rgb)  // what the user says of the values counts
    palette = {training::PaletteSays::OtherColours, by_value, "they have the order " + palette.detail};
  palettes.add(truth.string(), palette);
  rows.read =
      translating(reader, palette.table, truth.string(),
                  std::string("its values are read as in ") +
                      (results ? "results (0 not tissue, 1… classes)" : "patches (0… classes, then background)") + ", see --truth-values");
  const bool by_colour = palette.says == training::PaletteSays::OtherOrder;
  if (!options.truth_values && !by_colour)
    rows.note = "the truth's values are read as in patches: 0… classes, then background (--truth-values)";
  return rows;
}

}  // namespace wsi_lpd::pipeline::review
