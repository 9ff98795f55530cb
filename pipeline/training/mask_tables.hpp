#pragma once
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wsi_lpd/pipeline/training/label_palette.hpp"
#include "wsi_lpd/pipeline/training/patch_loader.hpp"

namespace wsi_lpd::pipeline::training {

/// What the values of many masks mean. Masks with the same palette are judged together, by all values that they use: a mask with one class
/// in it says little alone. Thread-safe as far as see() goes.
class MaskTables {
 public:
  MaskTables(std::size_t masks, const PatchSetOptions& options);

  /// Reads mask `index` to learn its palette and values. Returns its size; throws Error.
  core::Size see(std::size_t index, const std::filesystem::path& mask);

  /// After all were seen: what the values of each mask become, 0…C−1 classes in the network's order, C background. `labels` become the
  /// classes that the masks have, `problems` what is wrong with one of them. Tells the observer what palettes say.
  std::vector<LabelTable> settle(std::vector<Patch>& patches, std::vector<std::string>& problems, core::ProgressObserver& observer) const;

 private:
  struct Seen {
    std::size_t palette = 0;  ///< of palettes_
    UsedValues used;
  };
  LabelTable by_value() const;

  const PatchSetOptions& options_;
  std::mutex mutex_;
  std::vector<Palette> palettes_;          // different ones; under the mutex
  std::vector<std::optional<Seen>> seen_;  // of each mask
};

/// The raw values of a mask, and their palette.
std::pair<core::Image, Palette> read_mask_values(const std::filesystem::path& mask);

}  // namespace wsi_lpd::pipeline::training
