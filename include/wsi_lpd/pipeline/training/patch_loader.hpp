#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::pipeline::training {

/// How images of another size than the network's become it.
enum class Fit {
  Resize,  ///< the whole image, scaled
  Crop,    ///< a part of it (random in training, the middle otherwise), white where it is too small
};

struct PatchSetOptions {
  int size = 0;  ///< pixels of the network's input; 0 takes the images' own size, which then must be one and the same
  Fit fit = Fit::Resize;
  int classes = 0;
  bool skip_unusable = false;  ///< what can't be read or has no fitting mask is left out and counted instead of refused
  /// Names and colours of the images' classes, in the images' order: palettes of masks are held against them. Without colours they are not
  /// looked at.
  core::ClassScheme scheme{};
  std::vector<std::size_t> order{};                  ///< class i of the images is the network's order[i] (match_classes); empty: the same
  std::int64_t cache_bytes = std::int64_t{4} << 30;  ///< decoded images kept in memory; those beyond are decoded anew each time
};

/// A random view of an image, to train on.
struct RandomView {
  std::uint64_t seed = 0;   ///< the view is a pure function of it
  double scale_jitter = 0;  ///< J: magnified by a factor between 1/(1 + J) and 1 + J, its logarithm evenly drawn; mirrored past the edges
};

/// The images of one split, every one decoded once and found good before anything starts. Read access is thread-safe.
class PatchSet {
 public:
  /// Decodes everything in parallel. Throws PatchError: files that can't be read, are smaller than 32 px, or whose mask has another size,
  /// values past the classes or, in RGB, other colours; with `skip_unusable` only where no image is left. Throws Cancelled. Masks that show
  /// the classes' colours are read by them; the observer hears of it once.
  PatchSet(std::vector<Patch> patches, const PatchSetOptions& options, const core::Work& work);

  std::size_t count() const { return patches_.size(); }
  /// File name of image `index` without its ending.
  std::string name(std::size_t index) const { return patches_[index].image.stem().string(); }
  int size() const { return size_; }
  /// How many network pixels one image pixel became: 1 unless all images are resized alike.
  double zoom() const { return zoom_; }
  /// The network's input in the middle of image `index`, RGB; with `view`, a random part where images are cropped or magnified.
  core::Image image(std::size_t index, const RandomView* view = nullptr) const;
  /// The mask that belongs to image(index), 1 channel, in the network's order of classes; empty where there is none.
  core::Image mask(std::size_t index) const;
  bool has_mask(std::size_t index) const { return !patches_[index].mask.empty(); }
  /// [C] of 0 or 1 in the network's order of classes; where only a mask says: the classes in it.
  const std::vector<float>& labels(std::size_t index) const { return patches_[index].labels; }
  /// `count` images from `first` on, in order, as they are.
  model::network::PatchBatch batch(std::size_t first, std::size_t count) const;
  /// Decoded pixels kept in memory: never more than `cache_bytes`.
  std::int64_t cached_bytes() const;

 private:
  void drop_unusable(std::vector<std::string>& problems, std::vector<core::Size>& sizes, bool skip, core::ProgressObserver& observer);
  core::Image decode(std::size_t index) const;
  core::Image magnified(const core::Image& source, const RandomView& view) const;

  std::vector<Patch> patches_;
  std::vector<std::array<std::uint8_t, 256>> tables_;  ///< one a mask: what its values become; empty without masks
  std::vector<core::Image> cache_;                     ///< one an image; empty where the budget was spent
  Fit fit_;
  int size_;
  double zoom_ = 1;
};

}  // namespace wsi_lpd::pipeline::training
