#include "mask_tables.hpp"

#include <algorithm>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/image/label_reader.hpp"

namespace wsi_lpd::pipeline::training {

std::pair<core::Image, Palette> read_mask_values(const std::filesystem::path& mask) {
  const auto reader = image::LabelReader::open(mask, 0, image::RgbLabels::Numbered);
  core::Image labels = image::read_labels(*reader);
  return {std::move(labels), Palette(*reader)};
}

MaskTables::MaskTables(std::size_t masks, const PatchSetOptions& options) : options_(options), seen_(masks) {}

core::Size MaskTables::see(std::size_t index, const std::filesystem::path& mask) {
  const auto [labels, palette] = read_mask_values(mask);
  const UsedValues used = used_values(labels);
  const std::lock_guard lock(mutex_);
  auto found = std::find(palettes_.begin(), palettes_.end(), palette);
  if (found == palettes_.end()) found = palettes_.insert(found, palette);
  seen_[index] = {static_cast<std::size_t>(found - palettes_.begin()), used};
  return {labels.width(), labels.height()};
}

LabelTable MaskTables::by_value() const {
  LabelTable table;
  table.fill(kUnknownLabel);
  for (int value = 0; value <= options_.classes; ++value) table[static_cast<std::size_t>(value)] = static_cast<std::uint8_t>(value);
  return table;
}

std::vector<LabelTable> MaskTables::settle(std::vector<Patch>& patches, std::vector<std::string>& problems,
                                           core::ProgressObserver& observer) const {
  std::vector<UsedValues> used(palettes_.size());
  for (const auto& seen : seen_) {
    if (seen) used[seen->palette] |= seen->used;
  }
  std::vector<PaletteReading> readings;
  for (std::size_t p = 0; p < palettes_.size(); ++p) readings.push_back(hold_palette(palettes_[p], used[p], options_.scheme, by_value()));
  const auto network_class = [&](std::uint8_t label) {
    return label < options_.order.size() ? static_cast<std::uint8_t>(options_.order[label]) : label;
  };
  PaletteTally tally;
  std::vector<LabelTable> tables(patches.size());
  for (std::size_t i = 0; i < patches.size(); ++i) {
    if (!seen_[i]) continue;
    const PaletteReading& reading = readings[seen_[i]->palette];
    const std::string file = patches[i].mask.string();
    const std::string classes = std::to_string(options_.classes);
    tally.add(file, reading);
    patches[i].labels.assign(static_cast<std::size_t>(options_.classes), 0.0F);
    for (std::size_t value = 0; value < reading.table.size(); ++value) {
      tables[i][value] = network_class(reading.table[value]);
      if (!seen_[i]->used[value]) continue;
      if (reading.table[value] == kUnknownLabel) {
        std::string& problem = problems[i];
        problem.append(file).append(": ");
        if (reading.is_rgb) {
          problem.append(reading.detail).append("; dataset.toml gives the classes' colours");
        } else {
          problem.append("mask value ").append(std::to_string(value)).append(", but with ").append(classes);
          problem.append(" classes the values are 0 to ").append(classes).append(" (background)");
        }
        break;
      }
      if (tables[i][value] < options_.classes) patches[i].labels[tables[i][value]] = 1.0F;
    }
  }
  tally.tell("0… classes, then background", observer);
  return tables;
}

}  // namespace wsi_lpd::pipeline::training
