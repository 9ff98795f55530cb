#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "wsi_lpd/core/canvas.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/core/work_lock.hpp"
#include "wsi_lpd/crf/dense_crf.hpp"
#include "wsi_lpd/output/statistics.hpp"
#include "wsi_lpd/pipeline/segment/segmenter.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::segment {

/// Dense CRF over the labels of a slide, block by block. Compared with a single block over everything, on 1024² pixels of a carcinoma slide
/// (where the CRF changes 3.3 % of the labels) and on 2048² synthetic pixels: with these sizes all labels are equal. With a margin of 32, 1
/// in 10,000 labels differs, and 2 in 1000 next to block borders.
struct SlideCrfOptions {
  int block = 512;  ///< side of a block, output pixels
  int margin = 64;  ///< output pixels around a block that are inferred with it and discarded
  crf::DenseCrfOptions crf{};
};

struct SegmentOptions {
  int tile = 224;          ///< side of a tile, output pixels
  double overlap = 0.5;    ///< share of a tile that overlaps its neighbour
  double effort = 1;       ///< share of the overlapping tiles that are looked at; below 1, where it is most in doubt what they show
  bool force_mpp = false;  ///< accept a slide that is more than slide::kMostEnlarged times coarser than the model
  int batch_size = 8;      ///< tiles per forward pass
  core::Blend blend = core::Blend::Window;
  core::StainMethod stain = core::StainMethod::None;  ///< normalisation of the slide's stain to that of the training images
  std::string tissue = "auto";  ///< "auto", "none" (the whole slide) or the path of a mask image or GeoJSON file, which is used as it is
  std::string region{};         ///< path of a mask image or GeoJSON file that the tissue is restricted to; empty: no restriction
  double min_tissue = 20'000;   ///< µm²; with tissue "auto": smaller pieces of tissue are left out as specks
  double min_hole = 100;        ///< µm², up to kMostHole; with tissue "auto": smaller holes of glass count as tissue
  static constexpr double kMostHole = 20'000;
  double max_unreadable = 0.05;   ///< the slide fails when a larger share of its tiles is unreadable
  double map_mpp = 0;             ///< µm/px of the maps in slide.h5; 0: the network's own grid
  bool ome = false;               ///< the label pyramid as OME-TIFF, slide.ome.tif, instead of slide.tif
  bool probabilities = false;     ///< also write the class maps as a pyramid, slide.probabilities.ome.tif
  bool prototypes = false;        ///< write slide.prototypes.jpg: the tiles with the strongest response to each prototype
  bool geojson = true;            ///< write slide.geojson
  double geojson_mpp = 2;         ///< outlines are traced on the pyramid level nearest to this µm/px
  double geojson_min_area = 100;  ///< µm²; smaller regions are left out of slide.geojson
  std::optional<SlideCrfOptions> crf{};
  int threads = 0;  ///< 0: all cores
  int tokens = 0;   ///< most batches in memory at once; 0: threads + 2
};

/// One slide to be segmented. Results are written to `stem` plus ".tif" or ".ome.tif", ".h5", ".json", ".geojson", ".overlay.jpg",
/// ".tissue.jpg", ".prototypes.jpg", ".probabilities.ome.tif". Files of an earlier run with one of these names are replaced or removed.
struct SlideJob {
  std::filesystem::path slide;
  std::filesystem::path stem;
  std::optional<double> mpp;  ///< µm/px of level 0; overrides the slide's own
  std::string failure{};      ///< why this slide can't be segmented, if that is known before it is opened; else empty
  /// A copy of the slide, with the same size and time of modification, which pixels are read from; empty: `slide` itself. Results and
  /// messages name `slide`, and its state counts. A copy that is gone, or older than the slide, is not read.
  std::filesystem::path read_from{};
};

/// Identifies the model and configuration of a result.
struct RunIdentity {
  std::string model_path, model_sha256, configuration_sha256;
  /// The options that decide pixels and numbers, by name, as text: "overlap" to "0.5". What configuration_sha256 is of, for people.
  std::map<std::string, std::string> configuration{};
};

/// Checks the options that apply to every slide of a run: the tile size, and that the model records the stain statistics that
/// `options.stain` needs. Throws UsageError. Thread-safe.
void check_run(const SegmentOptions& options, const Segmenter::Shape& shape, const RunIdentity& identity);

/// Segments one slide. Memory is bounded by tokens × batch size, whatever the slide's size. The result does not depend on `threads` or
/// `tokens`. All files get their final names together when all are complete, the statistics last; an earlier result stays until then.
/// `lock` is the slide's lock when several processes share the folder: the files get their names only if it is still held.
/// Effects on the process: limits oneTBB to `threads` (its global_control) while it runs, resets the peak memory counter
/// (/proc/self/clear_refs), starts libvips (image/library.hpp), and what `segmenter` does (load_lpd_segmenter). Not thread-safe: one slide
/// at a time per process.
/// Throws UsageError as check_run() does, Error (job.failure, slide unreadable, too many unreadable tiles, output not writable, disk full,
/// lock lost) or Cancelled; no temporary files remain.
output::SlideStatistics segment_slide(const SlideJob& job, Segmenter& segmenter, const SegmentOptions& options, const RunIdentity& identity,
                                      const core::Work& work, const core::WorkLock* lock = nullptr);

/// This program and the libraries that results depend on, by name, to their versions.
std::map<std::string, std::string> versions();
/// "oneTBB 2021.8": the version that this program was compiled with.
std::string library_version();

}  // namespace wsi_lpd::pipeline::segment
