#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::pipeline::training {

/// How an image is brought to the network's input size.
enum class Fit {
  Resize,  ///< the whole image, scaled
  Crop,    ///< a part of it (random in training, else the middle), padded with white if it is too small
};

struct PatchSetOptions {
  int size = 0;  ///< side of the network's input, pixels; 0: the images' side, rounded to a multiple of 32 (only with Resize)
  Fit fit = Fit::Resize;
  int classes = 0;
  bool skip_unusable = false;  ///< leave out and count images that can't be read or have no fitting mask, instead of an error
  /// Names and colours of the images' classes, in the images' order. The palettes of masks are compared with them; without colours palettes
  /// are ignored.
  core::ClassScheme scheme{};
  std::vector<std::size_t> order{};  ///< class i of the images is the network's class order[i] (match_classes); empty: the same order
  std::int64_t cache_bytes = std::int64_t{4} << 30;  ///< most bytes of decoded images in memory; further images are decoded at each access
};

/// A random view of an image for training.
struct RandomView {
  std::uint64_t seed = 0;   ///< the view is a pure function of the seed
  double scale_jitter = 0;  ///< J: magnification from 1/(1 + J) to 1 + J, log-uniform; mirrored past the edges
};

/// The images of one split. Each is decoded and checked once, in the constructor. Const members are thread-safe.
class PatchSet {
 public:
  /// Decodes all images in parallel (oneTBB), and starts libvips for the whole process (image/library.hpp). Masks whose palettes have the
  /// classes' colours are read by colour; the observer is told once.
  /// Throws PatchError: files that can't be read or are smaller than 32 px, masks of another size, with values past the classes or, in RGB,
  /// with other colours; with `skip_unusable` only if no image is left. Throws UsageError when images to be resized are not square or not
  /// of one size, and for Fit::Crop without a size. Throws Cancelled.
  PatchSet(std::vector<Patch> patches, const PatchSetOptions& options, const core::Work& work);

  std::size_t count() const { return patches_.size(); }
  /// File name of image `index` without its ending.
  std::string name(std::size_t index) const { return patches_[index].image.stem().string(); }
  /// The patient of image `index`; empty: unknown.
  const std::string& patient(std::size_t index) const { return patches_[index].patient; }
  /// The patient of image `index`, or where none is known, a name of its own.
  std::string group(std::size_t index) const { return patient(index).empty() ? "image " + name(index) : patient(index); }
  int size() const { return size_; }
  /// Network pixels per image pixel; 1 unless all images are resized.
  double zoom() const { return zoom_; }
  /// The network's input for image `index`, RGB [size, size, 3]: with Crop its middle. With `view`, a random part if images are cropped or
  /// magnified.
  core::Image image(std::size_t index, const RandomView* view = nullptr) const;
  /// The mask for image(index) without `view`, 1 channel, in the network's order of classes; empty if there is none.
  core::Image mask(std::size_t index) const;
  bool has_mask(std::size_t index) const { return !patches_[index].mask.empty(); }
  /// [C] of 0 or 1 in the network's order of classes; with a mask, the classes in the mask.
  const std::vector<float>& labels(std::size_t index) const { return patches_[index].labels; }
  /// `count` images from `first` on, in order, without random views; fewer at the end of the set.
  model::network::PatchBatch batch(std::size_t first, std::size_t count) const;
  /// Bytes of decoded images in memory, at most `cache_bytes`.
  std::int64_t cached_bytes() const;

 private:
  void drop_unusable(std::vector<std::string>& problems, std::vector<core::Size>& sizes, bool skip, core::ProgressObserver& observer);
  core::Image decode(std::size_t index) const;
  core::Image magnified(const core::Image& source, const RandomView& view) const;

  std::vector<Patch> patches_;
  std::vector<std::array<std::uint8_t, 256>> tables_;  ///< [image]: the class of each value of its mask; empty without masks
  std::vector<core::Image> cache_;                     ///< [image]; empty if it exceeds cache_bytes
  Fit fit_;
  int size_;
  double zoom_ = 1;
};

}  // namespace wsi_lpd::pipeline::training
