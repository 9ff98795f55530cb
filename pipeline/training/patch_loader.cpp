#include "wsi_lpd/pipeline/training/patch_loader.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "mask_tables.hpp"
#include "wsi_lpd/core/counter_random.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/image/drawing.hpp"
#include "wsi_lpd/image/image_file.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

constexpr std::int64_t kSmallestImage = 32;

/// The size × size part of `source` at (left, top), `fill` where it reaches past the edges.
core::Image cropped(const core::Image& source, std::int64_t left, std::int64_t top, std::int64_t size, std::uint8_t fill) {
  core::Image target(size, size, source.channels(), fill);
  const core::Rect inside = core::intersection({left, top, size, size}, {0, 0, source.width(), source.height()});
  for (std::int64_t y = 0; y < inside.height; ++y) {
    std::copy_n(source.at(inside.x, inside.y + y), inside.width * source.channels(), target.at(inside.x - left, inside.y - top + y));
  }
  return target;
}

core::Image nearest(const core::Image& labels, std::int64_t size) {
  core::Image target(size, size, 1);
  for (std::int64_t y = 0; y < size; ++y) {
    for (std::int64_t x = 0; x < size; ++x)
      *target.at(x, y) = *labels.at((2 * x + 1) * labels.width() / (2 * size), (2 * y + 1) * labels.height() / (2 * size));
  }
  return target;
}

/// The side × side part of `source` at (left, top), mirrored at its edges where it reaches past them.
core::Image mirrored(const core::Image& source, std::int64_t left, std::int64_t top, std::int64_t side) {
  const auto inside = [](std::int64_t at, std::int64_t length) {
    const std::int64_t folded = ((at % (2 * length)) + 2 * length) % (2 * length);
    return folded < length ? folded : 2 * length - 1 - folded;
  };
  core::Image target(side, side, source.channels());
  for (std::int64_t y = 0; y < side; ++y) {
    const std::int64_t row = inside(top + y, source.height());
    for (std::int64_t x = 0; x < side; ++x)
      std::copy_n(source.at(inside(left + x, source.width()), row), source.channels(), target.at(x, y));
  }
  return target;
}

}  // namespace

PatchSet::PatchSet(std::vector<Patch> patches, const PatchSetOptions& options, const core::Work& work)
    : patches_(std::move(patches)), fit_(options.fit), size_(options.size) {
  if (fit_ == Fit::Crop && size_ == 0) throw core::UsageError("--fit crop needs --patch-size, the side of the part that is cropped");
  std::vector<std::string> problems(patches_.size());
  std::vector<core::Size> sizes(patches_.size());
  MaskTables masks(patches_.size(), options);
  cache_.resize(patches_.size());
  std::atomic<std::int64_t> done{0}, bytes{0};
  work.observer.begin("reading images", static_cast<std::int64_t>(count()), "images");
  tbb::parallel_for(std::size_t{0}, count(), [&](std::size_t i) {
    core::check(work.cancel);
    Patch& patch = patches_[i];
    try {
      core::Image image = image::read_rgb(patch.image);
      sizes[i] = {image.width(), image.height()};
      if (std::min(image.width(), image.height()) < kSmallestImage) throw core::Error(patch.image.string() + ": is smaller than 32 pixels");
      if (!patch.mask.empty()) {
        if (masks.see(i, patch.mask) != sizes[i]) throw core::Error(patch.mask.string() + ": the mask has another size than its image");
      } else if (!options.order.empty() && !patch.labels.empty()) {
        std::vector<float> labels(patch.labels.size());
        for (std::size_t c = 0; c < labels.size(); ++c) labels[options.order[c]] = patch.labels[c];
        patch.labels = std::move(labels);
      }
      const auto size = static_cast<std::int64_t>(image.bytes());
      if ((bytes += size) <= options.cache_bytes) {
        cache_[i] = std::move(image);
      } else {
        bytes -= size;  // a smaller one may still fit
      }
    } catch (const core::Error& error) {
      problems[i] = error.what();
    }
    work.observer.advance(++done);
  });
  work.observer.end();
  if (std::any_of(patches_.begin(), patches_.end(), [](const Patch& patch) { return !patch.mask.empty(); }))
    tables_ = masks.settle(patches_, problems, work.observer);
  drop_unusable(problems, sizes, options.skip_unusable, work.observer);
  const auto same = [&](const core::Size& size) { return size == sizes.front(); };
  if (!patches_.empty() && fit_ == Fit::Resize) {
    const core::Size first = sizes.front();
    if (!std::all_of(sizes.begin(), sizes.end(), same) || first.width != first.height) {
      throw core::UsageError(patches_.front().image.parent_path().string() + ": the images are not square or of several sizes, such as " +
                             std::to_string(first.width) + " x " + std::to_string(first.height) + ": give --patch-size and --fit crop");
    }
    if (size_ == 0) size_ = static_cast<int>(std::max<std::int64_t>(64, (first.width + 16) / 32 * 32));
    zoom_ = static_cast<double>(size_) / static_cast<double>(first.width);
  }
}

void PatchSet::drop_unusable(std::vector<std::string>& problems, std::vector<core::Size>& sizes, bool skip,
                             core::ProgressObserver& observer) {
  const std::size_t all = count();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all; ++i) {
    if (!problems[i].empty()) continue;
    if (kept != i) {
      patches_[kept] = std::move(patches_[i]);
      cache_[kept] = std::move(cache_[i]);
      sizes[kept] = sizes[i];
      if (!tables_.empty()) tables_[kept] = tables_[i];
    }
    ++kept;
  }
  if (kept == all) return;
  std::erase(problems, std::string{});
  const std::string counts = std::to_string(kept) + " patches, and " + std::to_string(all - kept) + " that can't be used";
  if (!skip || kept == 0) throw PatchError(problems, kept > 0 ? counts : "");
  for (const std::string& line : core::first_lines(std::move(problems))) observer.warn("left out: " + line);
  observer.info(counts + " and are left out");
  patches_.resize(kept);
  cache_.resize(kept);
  sizes.resize(kept);
  if (!tables_.empty()) tables_.resize(kept);
}

core::Image PatchSet::decode(std::size_t index) const {
  return cache_[index].empty() ? image::read_rgb(patches_[index].image) : cache_[index];
}

std::int64_t PatchSet::cached_bytes() const {
  return std::accumulate(cache_.begin(), cache_.end(), std::int64_t{0},
                         [](std::int64_t sum, const core::Image& image) { return sum + static_cast<std::int64_t>(image.bytes()); });
}

core::Image PatchSet::image(std::size_t index, const RandomView* view) const {
  core::Image source = decode(index);
  if (view && view->scale_jitter > 0) return magnified(source, *view);
  if (source.width() == size_ && source.height() == size_) return source;
  if (fit_ == Fit::Resize) return image::resize(source, {size_, size_});
  const auto offset = [&](std::int64_t length, std::uint64_t counter) {
    const std::int64_t room = length - size_;
    return view && room > 0 ? static_cast<std::int64_t>(core::hash(view->seed, counter) % static_cast<std::uint64_t>(room + 1)) : room / 2;
  };
  return cropped(source, offset(source.width(), 1), offset(source.height(), 2), size_, 255);
}

// A square of source pixels, anywhere inside the image, or anywhere around it where it is the larger one, becomes the network's input.
core::Image PatchSet::magnified(const core::Image& source, const RandomView& view) const {
  const double factor = std::pow(1 + view.scale_jitter, 2 * core::uniform(view.seed, 4) - 1);
  const double side_unmagnified = fit_ == Fit::Resize ? static_cast<double>(source.width()) : size_;
  const std::int64_t side = std::max<std::int64_t>(1, std::llround(side_unmagnified / factor));
  const auto offset = [&](std::int64_t length, std::uint64_t counter) {
    const std::int64_t room = length - side;
    return std::min<std::int64_t>(room, 0) +
           static_cast<std::int64_t>(core::hash(view.seed, counter) % static_cast<std::uint64_t>(std::abs(room) + 1));
  };
  return image::resize(mirrored(source, offset(source.width(), 1), offset(source.height(), 2), side), {size_, size_}, image::Kernel::Cubic);
}

core::Image PatchSet::mask(std::size_t index) const {
  if (patches_[index].mask.empty()) return {};
  core::Image source = read_mask_values(patches_[index].mask).first;
  const auto& table = tables_[index];
  std::for_each(source.data(), source.data() + source.bytes(), [&](std::uint8_t& value) { value = table[value]; });
  if (fit_ == Fit::Resize) return nearest(source, size_);
  const auto background = static_cast<std::uint8_t>(patches_[index].labels.size());
  return cropped(source, (source.width() - size_) / 2, (source.height() - size_) / 2, size_, background);
}

model::network::PatchBatch PatchSet::batch(std::size_t first, std::size_t count) const {
  model::network::PatchBatch batch;
  batch.size = size_;
  for (std::size_t i = first; i < std::min(first + count, patches_.size()); ++i) {
    const core::Image pixels = image(i);
    batch.rgb.insert(batch.rgb.end(), pixels.data(), pixels.data() + pixels.bytes());
    batch.labels.insert(batch.labels.end(), labels(i).begin(), labels(i).end());
    ++batch.count;
  }
  return batch;
}

}  // namespace wsi_lpd::pipeline::training
