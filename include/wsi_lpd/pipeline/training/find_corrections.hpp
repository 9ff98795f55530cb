#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::pipeline::training {

/// Where corrections are.
struct CorrectionFolder {
  std::filesystem::path regions;  ///< folder of NAME.geojson, with subfolders
  std::filesystem::path slides;   ///< folder of the slides and images NAME.*, with subfolders; empty: `regions`
  std::string background{};       ///< a further name of the background; empty: none
};

/// A file with regions that a person has drawn or changed (slide::RegionChoice::Changed), and the slide that they lie on.
struct CorrectionFile {
  std::filesystem::path regions, slide;
  std::size_t count = 0;  ///< of these regions
  std::string sha256;     ///< of `regions`
};

struct FoundCorrections {
  std::vector<CorrectionFile> files;    ///< by path
  std::size_t looked_at = 0;            ///< files, those without a region of a person, too
  std::size_t unchanged = 0;            ///< regions that are as they were exported
  std::vector<std::string> background;  ///< names that regions of the background may have
  std::size_t regions() const;          ///< of a person
};

/// The files NAME.geojson of a folder and its subfolders, sorted. Hidden files are left out.
std::vector<std::filesystem::path> correction_files(const std::filesystem::path& folder);

/// Reads the regions of all files, whose classes are matched by name, and finds their slides, which are not opened. Files without a region
/// of a person are passed over, without their slides. The observer is told what is left out. Thread-safe. Throws UsageError: no file, a
/// slide that is missing or there twice, no region of a person; Error: a file that can't be read, a class that is none of `classes`,
/// regions that contradict each other; Cancelled.
FoundCorrections find_corrections(const CorrectionFolder& folder, const core::ClassScheme& classes, const core::Work& work);

/// What a model file says of the corrections that it was trained on: their numbers, then a line for each file with its path in `folder`,
/// its number of regions and its SHA-256.
std::string provenance_text(const FoundCorrections& found, const std::filesystem::path& folder);

}  // namespace wsi_lpd::pipeline::training
