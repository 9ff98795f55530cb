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

/// Finds the meaning of the values of many masks. Masks with the same palette are judged together, by all values that they use, because a
/// mask with a single class gives little evidence. see() is thread-safe.
class MaskTables {
 public:
  /// Keeps a reference to `options`.
  MaskTables(std::size_t masks, const PatchSetOptions& options);

  /// Reads mask `index` and records its palette and values. Returns its size. Throws Error.
  core::Size see(std::size_t index, const std::filesystem::path& mask);

  /// Called after all masks were seen: the class of each value of each mask, 0…C−1 classes in the network's order, C background. Sets the
  /// `labels` of `patches` to the classes in their masks, and `problems` to the errors of single masks. Reports readings of palettes to the
  /// observer.
  std::vector<LabelTable> settle(std::vector<Patch>& patches, std::vector<std::string>& problems, core::ProgressObserver& observer) const;

 private:
  struct Seen {
    std::size_t palette = 0;  ///< of palettes_
    UsedValues used;
  };
  LabelTable by_value() const;

  const PatchSetOptions& options_;
  std::mutex mutex_;
  std::vector<Palette> palettes_;          // distinct palettes; under the mutex
  std::vector<std::optional<Seen>> seen_;  // of each mask
};

/// Reads the raw values of a mask and its palette. Thread-safe. Throws Error.
std::pair<core::Image, Palette> read_mask_values(const std::filesystem::path& mask);

}  // namespace wsi_lpd::pipeline::training
