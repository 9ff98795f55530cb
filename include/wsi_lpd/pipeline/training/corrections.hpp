#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::pipeline::training {

/// A tile of a slide or an image on which a person has drawn regions.
struct CorrectedTile {
  std::string name;             ///< file of the regions, and the tile's place
  std::string patient;          ///< of the same image in train/, if it has one; else the slide's name
  core::Image rgb;              ///< [S, S, 3]
  core::Image classes;          ///< [S, S]: 0…C−1, or model::network::kUnknownPixel
  std::vector<float> labels;    ///< [C] of 0 or 1: image labels; NaN where they are not known
  std::vector<float> presence;  ///< [C]: 1 if a region of the class is in the tile; else as `labels`
};

/// The first tiles as a batch, at most `most`; with count 0 if there are none. Thread-safe.
model::network::PatchBatch batch_of(std::span<const CorrectedTile> tiles, std::size_t most);

/// Where corrections are, and how they become tiles.
struct CorrectionFolder {
  std::filesystem::path regions;  ///< folder of NAME.geojson, with subfolders
  std::filesystem::path slides;   ///< folder of the slides and images NAME.*, with subfolders; empty: `regions`
};

/// Cuts the tiles of side `size` pixels, at `mpp` µm/px (0: level 0 as it is), that contain a corrected region: those that a person has
/// drawn or changed (slide::RegionChoice::Changed), with classes by name. Tiles lie side by side from the top left of the slide's bounds;
/// the last ones may reach past it, and show background there. Pixels of the background's class and of "Ignore*" are not known. The image
/// labels of a tile are those of the image of `patches.train` with the slide's file name and size; or else, where regions cover all of it,
/// their classes. Files without a region of a person are passed over, without their slides. The observer is told what was found, and of
/// images of `patches.valid`. Thread-safe. Throws UsageError: no file, a slide that is missing, nothing to learn from; Error: a file that
/// can't be read, a class that is none of `classes`, regions that contradict each other or the image labels, or lie outside of the slide;
/// Cancelled.
std::vector<CorrectedTile> read_corrections(const CorrectionFolder& folder, const core::ClassScheme& classes, int size, double mpp,
                                            const PatchFolder& patches, const core::Work& work);

}  // namespace wsi_lpd::pipeline::training
