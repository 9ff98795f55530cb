#include "wsi_lpd/pipeline/training/label_palette.hpp"

#include <algorithm>

#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/image/label_reader.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

const std::string& name_of(const core::ClassScheme& classes, std::size_t label) {
  return label < classes.names.size() ? classes.names[label] : classes.background;
}

bool has_doubles(const std::vector<core::Colour>& colours) {
  for (auto colour = colours.begin(); colour != colours.end(); ++colour) {
    if (std::find(colour + 1, colours.end(), *colour) != colours.end()) return true;
  }
  return false;
}

/// What programs write for an indexed image to which nobody gave colours.
bool is_grey_ramp(const std::vector<image::PaletteEntry>& palette) {
  for (std::size_t i = 0; i < palette.size(); ++i) {
    const auto grey = static_cast<std::uint8_t>(i);
    if (palette[i].colour != core::Colour{grey, grey, grey}) return false;
  }
  return true;
}

}  // namespace

UsedValues used_values(const core::Image& labels) {
  UsedValues used;
  for (std::size_t i = 0; i < labels.bytes(); ++i) used.set(labels.data()[i]);
  return used;
}

PaletteReading hold_palette(const Palette& colour_map, const UsedValues& used, const core::ClassScheme& classes,
                            const LabelTable& by_value) {
  const std::vector<image::PaletteEntry>& palette = colour_map.entries;
  const std::vector<core::Colour>& colours = classes.colours;
  PaletteReading reading{.table = by_value, .is_rgb = colour_map.is_rgb};
  const bool is_ambiguous = has_doubles(colours);
  if (reading.is_rgb) {
    reading.table.fill(kUnknownLabel);
    if (is_ambiguous) {
      reading.says = PaletteSays::OtherColours;
      reading.detail = "it has colours alone, and two classes share one";
      return reading;
    }
  } else if (palette.empty() || is_grey_ramp(palette) || is_ambiguous) {
    return reading;
  }
  LabelTable by_colour;
  by_colour.fill(kUnknownLabel);
  std::vector<std::string> order;
  for (std::size_t value = 0; value < palette.size(); ++value) {
    if (by_value[value] == kLeftOutLabel) by_colour[value] = kLeftOutLabel;
    const auto found = std::find(colours.begin(), colours.end(), palette[value].colour);
    if (found == colours.end() || palette[value].alpha < 255) continue;
    by_colour[value] = static_cast<std::uint8_t>(found - colours.begin());
    if (order.size() == value) order.push_back(name_of(classes, by_colour[value]));
  }
  reading.says = PaletteSays::Same;
  for (std::size_t value = 0; value < palette.size(); ++value) {
    if (!used[value]) continue;
    if (by_colour[value] != kUnknownLabel) {
      if (by_colour[value] != reading.table[value]) reading.says = PaletteSays::OtherOrder;
      continue;
    }
    const bool has_class = reading.table[value] < colours.size();
    if (!has_class && !reading.is_rgb) continue;  // a value that is none of the labels, whatever its colour
    const image::PaletteEntry& entry = palette[value];
    const std::string colour = core::to_string(entry.colour) + (entry.alpha < 255 ? ", transparent" : "");
    reading.says = PaletteSays::OtherColours;
    reading.detail = reading.is_rgb ? "its colour " + colour + " is no class's"
                                    : "value " + std::to_string(value) + " is " + colour + ", class " + name_of(classes, by_value[value]) +
                                          " " + core::to_string(colours[by_value[value]]);
    return reading;
  }
  if (reading.says == PaletteSays::OtherOrder) {
    reading.table = by_colour;
    reading.detail = core::joined(order);
  }
  return reading;
}

void PaletteTally::add(const std::string& file, const PaletteReading& reading) {
  if (reading.says == PaletteSays::OtherOrder) add(reading.is_rgb ? rgb_ : order_, file, reading.detail);
  if (reading.says == PaletteSays::OtherColours && !reading.is_rgb) add(colours_, file, reading.detail);
}

void PaletteTally::add(Kind& kind, const std::string& file, const std::string& detail) {
  if (kind.count++ == 0) {
    kind.file = file;
    kind.detail = detail;
  }
  kind.alike &= kind.detail == detail;
}

void PaletteTally::tell(const std::string& values, core::ProgressObserver& observer) const {
  // "150 masks, the first of them a.png,": a single one is named alone.
  const auto masks = [](const Kind& kind) {
    return kind.count == 1 ? kind.file : std::to_string(kind.count) + " masks, the first of them " + kind.file;
  };
  if (rgb_.count > 0) observer.info(masks(rgb_) + ": read by the classes' colours");
  if (order_.count > 0)
    observer.info(masks(order_) + ": the palette has the classes in another order (" + order_.detail +
                  (order_.alike ? "" : ", not the same in all of them") + "): mapped by colour");
  if (colours_.count > 0)
    observer.warn(masks(colours_) + ": the palette has other colours than the classes (" + colours_.detail + "): the values count, " +
                  values);
}

}  // namespace wsi_lpd::pipeline::training
