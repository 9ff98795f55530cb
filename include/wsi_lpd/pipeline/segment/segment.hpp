#pragma once
#include <filesystem>
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

/// Dense CRF over the labels of a slide, block by block. Measured against one block of everything, on 1024² pixels of a carcinoma slide of
/// whose labels the CRF changes 3.3 %, and on 2048² synthetic ones: with these sizes all labels are equal; with a margin of 32 they are but
/// for 1 in 10,000, and for 2 in 1000 next to the borders of blocks.
struct SlideCrfOptions {
  int block = 512;  ///< side, output pixels
  int margin = 64;  ///< output pixels around a block that are inferred with it and thrown away
  crf::DenseCrfOptions crf{};
};

struct SegmentOptions {
  int tile = 224;          ///< output pixels
  double overlap = 0.5;    ///< share of a tile that its neighbour repeats
  bool force_mpp = false;  ///< go on where the slide is more than slide::kMostEnlarged times coarser than the model
  int batch_size = 8;      ///< tiles per forward pass
  core::Blend blend = core::Blend::Window;
  core::StainMethod stain = core::StainMethod::None;  ///< how the slide gets the colours of the training images
  std::string tissue = "auto";  ///< "auto", "none" (all of it) or the path of a mask image or GeoJSON file, which is taken as it is
  std::string region{};         ///< path of a mask image or GeoJSON file: of the tissue, only what is in it; empty: all
  double min_tissue = 20'000;   ///< µm²; with tissue "auto": smaller pieces of tissue are specks, left out
  double min_hole = 100;        ///< µm², up to kMostHole; with tissue "auto": smaller holes of glass in the tissue are tissue
  static constexpr double kMostHole = 20'000;
  double max_unreadable = 0.05;   ///< share of the tiles that may be unreadable before the slide fails
  double map_mpp = 0;             ///< µm/px of the maps in slide.h5; 0: the network's own grid
  bool ome = false;               ///< the label pyramid as OME-TIFF, slide.ome.tif, instead of slide.tif
  bool probabilities = false;     ///< the classes' maps of slide.h5 as a pyramid, too: slide.probabilities.ome.tif
  bool prototypes = false;        ///< write slide.prototypes.jpg: the strongest tiles of each prototype, read again at the end
  bool geojson = true;            ///< write slide.geojson
  double geojson_mpp = 2;         ///< µm/px of the pyramid level that its outlines are traced on: the nearest is taken
  double geojson_min_area = 100;  ///< µm²; smaller regions are left out of it
  std::optional<SlideCrfOptions> crf{};
  int threads = 0;  ///< 0: all cores
  int tokens = 0;   ///< batches alive at once, the memory bound; 0: threads + 2
};

/// One slide to be segmented, and where its results go: `stem` plus ".tif" or ".ome.tif", ".h5", ".json", ".geojson", ".overlay.jpg",
/// ".tissue.jpg", ".prototypes.jpg", ".probabilities.ome.tif". What an earlier run left under one of these names is replaced or removed.
struct SlideJob {
  std::filesystem::path slide;
  std::filesystem::path stem;
  std::optional<double> mpp;  ///< µm/px of level 0 that wins over the slide's own
  std::string failure{};      ///< why this slide can't be segmented, known before it is opened; empty otherwise
};

/// What made a result, so that it is never taken for another's.
struct RunIdentity {
  std::string model_path, model_sha256, configuration_sha256;
};

/// Checks what holds for every slide of a run: the tile size, and that the model knows the stain that `options` want. Throws UsageError.
void check_run(const SegmentOptions& options, const Segmenter::Shape& shape, const RunIdentity& identity);

/// Segments one slide. Memory is bounded by tokens × batch, whatever the slide's size; the result does not depend on threads or tokens.
/// All files appear under their final names when all are whole, the statistics last; an earlier result stays until then. `lock` is the
/// slide's, where several processes share the folder: results get their names only as long as it is held. Throws UsageError as
/// check_run() does, Error (job.failure, slide unreadable, too many unreadable tiles, output not writable, disk full, lock lost) or
/// Cancelled, and then leaves no temporary file.
output::SlideStatistics segment_slide(const SlideJob& job, Segmenter& segmenter, const SegmentOptions& options, const RunIdentity& identity,
                                      const core::Work& work, const core::WorkLock* lock = nullptr);

/// "oneTBB 2021.8"
std::string library_version();

}  // namespace wsi_lpd::pipeline::segment
