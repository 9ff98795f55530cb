#pragma once
#include <span>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/pipeline/training/find_corrections.hpp"
#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::pipeline::training {

/// A tile of a slide or an image on which a person has drawn regions.
struct CorrectedTile {
  std::string name;             ///< file of the regions, and the tile's place
  std::string patient;          ///< of the same image in train/, if it has one; else the slide's name
  core::Image rgb;              ///< [S, S, 3]
  core::Image classes;          ///< [S, S]: as PatchBatch::pixels
  std::vector<float> labels;    ///< [C] of 0 or 1: image labels; NaN where they are not known
  std::vector<float> presence;  ///< [C]: 1 if a region of the class is in the tile; else as `labels`
};

/// The first tiles as a batch, at most `most`; with count 0 if there are none. Thread-safe.
model::network::PatchBatch batch_of(std::span<const CorrectedTile> tiles, std::size_t most);

/// Cuts the tiles of side `size` pixels, at `mpp` µm/px (0: level 0 as it is), that contain a corrected region. Tiles lie side by side from
/// the top left of the slide's bounds; the last ones may reach past it, and show background there. Pixels of "Ignore*" are not known. The
/// image labels of a tile are those of the image of `patches.train` with the slide's file name and size; or else, where regions cover all
/// of it, their classes. The observer is told what was found, of regions outside of slides, and of images of `patches.valid`. Thread-safe.
/// Throws UsageError: nothing to learn from; Error: a file that can't be read, regions that contradict the image labels, or that all lie
/// outside of the slide; Cancelled.
std::vector<CorrectedTile> cut_corrections(const FoundCorrections& found, const core::ClassScheme& classes, int size, double mpp,
                                           const PatchFolder& patches, const core::Work& work);

}  // namespace wsi_lpd::pipeline::training
