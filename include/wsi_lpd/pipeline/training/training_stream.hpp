#pragma once
#include <cstdint>
#include <future>
#include <vector>

#include "wsi_lpd/pipeline/training/corrections.hpp"
#include "wsi_lpd/pipeline/training/patch_loader.hpp"

namespace wsi_lpd::pipeline::training {

/// How training images are drawn and augmented; 0 turns an option off.
struct StreamOptions {
  double balance = 0;             ///< share of the draws that are balanced over classes instead of images
  double scale_jitter = 0;        ///< RandomView::scale_jitter
  double stain_jitter = 0;        ///< strength of the random stain change in HED space
  bool stain_views = false;       ///< every image is shown twice, in different stains (PatchBatch::paired)
  double mosaic = -1;             ///< share of the images replaced by mosaics of 2 to 4 images that show one class each; negative: none, or
                                  ///< what prepare_training() chooses
  double correction_share = 0.3;  ///< corrected tiles for each image with labels, if there are any; at least one a batch
  int part = 0, parts = 1;        ///< of several processes, the one that these batches are for: each gets a share of every batch
};

/// What a teacher, the presence head, says of images: probabilities [images][C] that each class is present.
struct Teaching {
  std::vector<std::vector<float>> labelled;  ///< of the images with labels, not of mosaics of them; empty: no teacher
  const PatchSet* unlabelled = nullptr;      ///< further images without labels, one for two with labels; must outlive the stream
  std::vector<std::vector<float>> others;    ///< of the images without labels
};

/// Endless shuffled, augmented training batches: the eight symmetries of the square (flips and quarter turns), and what the options add.
/// Batch n is a pure function of set, options, seed and n. A background thread prepares the next batch while the caller works on the
/// current one. Not thread-safe.
class TrainingStream {
 public:
  /// Keeps references to `set`, which must hold at least one image, and to `corrected`; both must outlive the stream. The first batch is
  /// number `first`. Throws UsageError as check() does.
  TrainingStream(const PatchSet& set, int batch_size, std::uint64_t seed, std::int64_t first = 0, StreamOptions options = {},
                 Teaching teaching = {}, std::span<const CorrectedTile> corrected = {});
  ~TrainingStream();
  /// Throws UsageError: mosaics are asked for, and fewer than two classes have images of their own; two stains are asked for without
  /// stain_jitter.
  static void check(const PatchSet& set, const StreamOptions& options);
  /// Have the images enough to make mosaics of: does half of them at least show one class alone, and not all the same?
  static bool suits_mosaics(const PatchSet& set);
  model::network::PatchBatch next();
  /// Seconds that next() has waited for images so far.
  double waited() const { return waited_; }

 private:
  struct Item {
    const PatchSet* set;  ///< null: a corrected tile
    std::size_t index;
    std::uint64_t draw;  ///< of which all randomness of the image comes
  };
  std::vector<Item> items(std::int64_t number) const;
  std::vector<std::size_t> epoch(std::int64_t number) const;
  model::network::PatchBatch make(std::int64_t number) const;
  /// One augmented image, RGB, before its stain is changed.
  core::Image augmented(const PatchSet& set, std::size_t index, std::uint64_t draw) const;
  /// Fills in image `item` of `batch` with a corrected tile.
  void add_corrected(model::network::PatchBatch& batch, std::size_t item, std::size_t index, std::uint64_t draw) const;
  /// Replaces image `item` of `batch` by a mosaic.
  void add_mosaic(model::network::PatchBatch& batch, std::size_t item, std::uint64_t draw) const;

  const PatchSet& set_;
  std::span<const CorrectedTile> corrected_;
  int batch_size_;
  std::uint64_t seed_;
  std::int64_t number_ = 0;
  StreamOptions options_;
  Teaching teaching_;
  std::vector<double> draws_;                   ///< [image]: expected draws in an epoch; the sum is the number of images
  std::vector<std::vector<std::size_t>> pure_;  ///< [class]: the images that show it alone; empty without mosaics
  std::vector<std::uint8_t> pure_class_;        ///< the classes that have such images
  double waited_ = 0;
  std::future<model::network::PatchBatch> ahead_;
};

}  // namespace wsi_lpd::pipeline::training
