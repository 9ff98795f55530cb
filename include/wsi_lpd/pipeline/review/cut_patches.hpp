#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::pipeline::review {

struct TileOptions {
  int size = 0;                 ///< side of a patch, pixels, a multiple of 32; 0: as the folder's patches, else 224
  double overlap = 0;           ///< share of a patch that its neighbour repeats
  bool force_mpp = false;       ///< go on where slides are more than slide::kMostEnlarged times coarser than the patches
  double mpp = 0;               ///< µm/px of the patches; 0: as the folder's patches, else as the first slide
  std::string tissue = "auto";  ///< as in SegmentOptions
  std::string region{};         ///< as in SegmentOptions
  double min_tissue = 0.5;      ///< share of a patch that must be tissue
  std::string class_name{};     ///< only patches of this class, by TileJob::result; empty: all
  double min_class = 0.5;       ///< share of a patch that must be of it
  std::int64_t max = 0;         ///< patches of one slide, drawn at random; 0: all
  std::uint64_t seed = 0;       ///< of that draw: fewer patches with the same seed are among those of more
  int threads = 0;              ///< 0: all cores
};

struct TileJob {
  std::filesystem::path slide;
  std::optional<double> mpp;     ///< µm/px of level 0 that wins over the slide's own
  std::filesystem::path result;  ///< label pyramid of `segment`; empty where there is none
  std::string failure{};         ///< why nothing can be cut out of this slide, as its list or find_results() says; empty otherwise
};

struct TiledSlide {
  std::filesystem::path slide;
  std::int64_t candidates = 0;  ///< that options and result allow, before `max`
  std::int64_t written = 0;
  std::int64_t already = 0;     ///< chosen, but cut in an earlier run
  std::int64_t unreadable = 0;  ///< chosen, but not decodable
};

struct TileReport {
  std::vector<TiledSlide> slides;
  std::map<std::string, std::string> failures;  ///< slide to reason
  int size = 0;                                 ///< of the folder's patches, pixels
  double mpp = 0;                               ///< of the folder's patches; 0: unknown
  std::vector<std::string> classes;             ///< columns of its labels.csv
  std::int64_t patches() const;                 ///< written
};

/// Cuts patches out of slides: FOLDER/train/NAME_xX_yY_wW.png (level-0 position and side), a line for each in FOLDER/labels.csv with an
/// empty cell for each of `classes`, to be filled in by hand, and in FOLDER/patches.csv, which says where it comes from (docs/patches.md).
/// A slide's lines appear when all of its patches are there; stopped or failed before, it leaves nothing. The folder is new, or one that
/// this function made: what is in it is never changed, and patches that are listed in it are not cut again. One slide's failure stops no
/// other: one that can't be read, has no tissue, or has a TileJob::failure. Throws UsageError: a folder of something else, patches of
/// another size or µm/px, other classes; Cancelled.
TileReport tile_slides(const std::vector<TileJob>& jobs, const std::filesystem::path& folder, const TileOptions& options,
                       const std::vector<std::string>& classes, const core::Work& work);

/// The label pyramid of each slide in `result`, which is a folder that `segment` wrote to or, for one slide, a label pyramid. Fills in
/// TileJob::result, or for a slide without a usable one TileJob::failure; returns the classes, which must be the same for all. Throws
/// UsageError.
core::ClassScheme find_results(std::vector<TileJob>& jobs, const std::filesystem::path& result);

}  // namespace wsi_lpd::pipeline::review
