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
  int size = 0;            ///< side of a patch, pixels, a multiple of 32; 0: that of the folder's patches, or 224 in a new folder
  double overlap = 0;      ///< share of a patch that overlaps its neighbour
  bool force_mpp = false;  ///< accept slides that are more than slide::kMostEnlarged times coarser than the patches
  double mpp = 0;          ///< µm/px of the patches; 0: that of the folder's patches, else of the first result, else of the first slide
  std::string tissue = "auto";  ///< as in SegmentOptions
  std::string region{};         ///< as in SegmentOptions
  double min_tissue = 0.5;      ///< least share of tissue in a patch
  std::string class_name{};     ///< only patches of this class, according to TileJob::result; empty: all
  double min_class = 0.5;       ///< least share of `class_name` in a patch
  std::int64_t max = 0;         ///< most patches per slide, drawn at random; 0: all
  bool uncertain = false;       ///< the `max` patches that TileJob::result is least certain of (choose_uncertain), in place of a draw
  std::uint64_t seed = 0;       ///< of the draw; a smaller `max` with the same seed draws a subset
  int threads = 0;              ///< 0: all cores
};

struct TileJob {
  std::filesystem::path slide;
  std::optional<double> mpp;     ///< µm/px of level 0; overrides the slide's own
  std::filesystem::path result;  ///< label pyramid of `segment`; may be empty
  std::string failure{};         ///< why no patch can be cut from this slide, from its list or find_results(); else empty
};

struct TiledSlide {
  std::filesystem::path slide;
  std::int64_t candidates = 0;  ///< places that options and result allow, before `max`
  std::int64_t written = 0;
  std::int64_t already = 0;     ///< chosen, but already cut by an earlier run
  std::int64_t unreadable = 0;  ///< chosen, but can't be decoded
};

struct TileReport {
  std::vector<TiledSlide> slides;
  std::map<std::string, std::string> failures;  ///< slide to error
  int size = 0;                                 ///< side of the folder's patches, pixels
  double mpp = 0;                               ///< µm/px of the folder's patches; 0: unknown
  std::vector<std::string> classes;             ///< columns of the folder's labels.csv
  std::int64_t patches() const;                 ///< number of patches written
};

/// Cuts patches out of slides: FOLDER/train/NAME_xX_yY_wW.png, with position (X, Y) and side W in level-0 pixels. Each patch gets a line in
/// FOLDER/labels.csv, with an empty cell for each of `classes` to be filled in by hand, and a line in FOLDER/patches.csv with its origin
/// (docs/patches.md); with `uncertain`, one in FOLDER/uncertain.csv, which FOLDER/uncertain.html shows.
/// The lines of a slide are added when all of its patches are written. A slide that is stopped or fails before that leaves no files. The
/// folder must be new or made by this function. Existing content is never changed, and patches that are listed there are not cut again.
/// A slide fails when it can't be read, has no tissue, or has a TileJob::failure; its failure stops no other. Throws UsageError: a folder
/// of other content, patches of another size or µm/px, other classes; Cancelled. Starts libvips for the whole process (image/library.hpp).
/// Several processes may add patches to one folder.
TileReport tile_slides(const std::vector<TileJob>& jobs, const std::filesystem::path& folder, const TileOptions& options,
                       const std::vector<std::string>& classes, const core::Work& work);

/// Finds the label pyramid of each slide. `result` is a folder that `segment` wrote to or, for a single slide, a label pyramid. Sets
/// TileJob::result, or TileJob::failure for a slide without a usable label pyramid. Returns the classes, which must be the same for all
/// slides. Throws UsageError when they differ, or when one label pyramid is given for several slides.
core::ClassScheme find_results(std::vector<TileJob>& jobs, const std::filesystem::path& result);

}  // namespace wsi_lpd::pipeline::review
