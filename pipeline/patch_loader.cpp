#include "wsi_lpd/pipeline/patch_loader.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>

#include "stain_jitter.hpp"
#include "wsi_lpd/image/drawing.hpp"
#include "wsi_lpd/image/image_file.hpp"

namespace wsi_lpd::pipeline {
namespace {

constexpr std::int64_t kSmallestImage = 32;

/// Counter-based random numbers (splitmix64): any draw can be made without those before it.
std::uint64_t hash(std::uint64_t seed, std::uint64_t counter) {
  std::uint64_t x = seed * 0x9E3779B97F4A7C15U + counter + 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

/// The size × size part of `source` at (left, top), `fill` where it reaches past the edges.
Image cropped(const Image& source, std::int64_t left, std::int64_t top, std::int64_t size, std::uint8_t fill) {
  Image target(size, size, source.channels(), fill);
  const Rect inside = intersection({left, top, size, size}, {0, 0, source.width(), source.height()});
  for (std::int64_t y = 0; y < inside.height; ++y) {
    std::copy_n(source.at(inside.x, inside.y + y), inside.width * source.channels(), target.at(inside.x - left, inside.y - top + y));
  }
  return target;
}

Image nearest(const Image& labels, std::int64_t size) {
  Image target(size, size, 1);
  for (std::int64_t y = 0; y < size; ++y) {
    for (std::int64_t x = 0; x < size; ++x)
      *target.at(x, y) = *labels.at((2 * x + 1) * labels.width() / (2 * size), (2 * y + 1) * labels.height() / (2 * size));
  }
  return target;
}

/// Writes symmetry 0…7 of the square image: bit 0 mirrors left-right, bit 1 top-bottom, bit 2 transposes.
void write_turned(const Image& source, unsigned symmetry, std::uint8_t* target) {
  const std::int64_t side = source.width();
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x) {
      std::int64_t from_x = (symmetry & 4U) ? y : x;
      std::int64_t from_y = (symmetry & 4U) ? x : y;
      if (symmetry & 1U) from_x = side - 1 - from_x;
      if (symmetry & 2U) from_y = side - 1 - from_y;
      target = std::copy_n(source.at(from_x, from_y), 3, target);
    }
  }
}

}  // namespace

PatchSet::PatchSet(std::vector<Patch> patches, const PatchSetOptions& options, ProgressObserver& observer, const CancelFlag& cancel)
    : patches_(std::move(patches)), fit_(options.fit), size_(options.size) {
  std::vector<std::string> problems(patches_.size());
  std::vector<Size> sizes(patches_.size());
  cache_.resize(patches_.size());
  std::atomic<std::int64_t> done{0}, bytes{0};
  observer.begin("reading images", static_cast<std::int64_t>(count()), "images");
  tbb::parallel_for(std::size_t{0}, count(), [&](std::size_t i) {
    check(cancel);
    Patch& patch = patches_[i];
    try {
      Image image = image::read_rgb(patch.image);
      sizes[i] = {image.width(), image.height()};
      if (std::min(image.width(), image.height()) < kSmallestImage) throw Error(patch.image.string() + ": is smaller than 32 pixels");
      if (!patch.mask.empty()) {
        const Image mask = image::read_labels(patch.mask);
        if (mask.width() != image.width() || mask.height() != image.height())
          throw Error(patch.mask.string() + ": the mask has another size than its image");
        patch.labels.assign(static_cast<std::size_t>(options.classes), 0.0F);
        for (const std::uint8_t* value = mask.data(); value != mask.data() + mask.bytes(); ++value) {
          if (*value > options.classes) {
            throw Error(patch.mask.string() + ": mask value " + std::to_string(*value) + ", but with " + std::to_string(options.classes) +
                        " classes the values are 0 to " + std::to_string(options.classes) + " (background)");
          }
          if (*value < options.classes) patch.labels[*value] = 1.0F;
        }
      }
      const auto size = static_cast<std::int64_t>(image.bytes());
      if ((bytes += size) <= options.cache_bytes) {
        cache_[i] = std::move(image);
      } else {
        bytes -= size;  // a smaller one may still fit
      }
    } catch (const Error& error) {
      problems[i] = error.what();
    }
    observer.advance(++done);
  });
  observer.end();
  std::erase(problems, std::string{});
  if (!problems.empty()) throw PatchError(problems);
  const auto same = [&](const Size& size) { return size == sizes.front(); };
  if (!patches_.empty() && fit_ == Fit::Resize) {
    const Size first = sizes.front();
    if (!std::all_of(sizes.begin(), sizes.end(), same) || first.width != first.height) {
      throw UsageError(patches_.front().image.parent_path().string() + ": the images are not square or of several sizes, such as " +
                       std::to_string(first.width) + " x " + std::to_string(first.height) + ": give --patch-size and --fit crop");
    }
    if (size_ == 0) size_ = static_cast<int>(std::max<std::int64_t>(64, (first.width + 16) / 32 * 32));
    zoom_ = static_cast<double>(size_) / static_cast<double>(first.width);
  }
}

Image PatchSet::decode(std::size_t index) const { return cache_[index].empty() ? image::read_rgb(patches_[index].image) : cache_[index]; }

std::int64_t PatchSet::cached_bytes() const {
  return std::accumulate(cache_.begin(), cache_.end(), std::int64_t{0},
                         [](std::int64_t sum, const Image& image) { return sum + static_cast<std::int64_t>(image.bytes()); });
}

Image PatchSet::image(std::size_t index, const std::uint64_t* seed) const {
  Image source = decode(index);
  if (source.width() == size_ && source.height() == size_) return source;
  if (fit_ == Fit::Resize) return image::resize(source, {size_, size_});
  const auto offset = [&](std::int64_t length, std::uint64_t counter) {
    const std::int64_t room = length - size_;
    return seed && room > 0 ? static_cast<std::int64_t>(hash(*seed, counter) % static_cast<std::uint64_t>(room + 1)) : room / 2;
  };
  return cropped(source, offset(source.width(), 1), offset(source.height(), 2), size_, 255);
}

Image PatchSet::mask(std::size_t index) const {
  if (patches_[index].mask.empty()) return {};
  const Image source = image::read_labels(patches_[index].mask);
  if (fit_ == Fit::Resize) return nearest(source, size_);
  const auto background = static_cast<std::uint8_t>(patches_[index].labels.size());
  return cropped(source, (source.width() - size_) / 2, (source.height() - size_) / 2, size_, background);
}

model::PatchBatch PatchSet::batch(std::size_t first, std::size_t count) const {
  model::PatchBatch batch;
  batch.size = size_;
  for (std::size_t i = first; i < std::min(first + count, patches_.size()); ++i) {
    const Image pixels = image(i);
    batch.rgb.insert(batch.rgb.end(), pixels.data(), pixels.data() + pixels.bytes());
    batch.labels.insert(batch.labels.end(), labels(i).begin(), labels(i).end());
    ++batch.count;
  }
  return batch;
}

TrainingStream::TrainingStream(const PatchSet& set, int batch_size, std::uint64_t seed, std::int64_t first, double stain_jitter)
    : set_(set), batch_size_(batch_size), seed_(seed), number_(first), stain_jitter_(stain_jitter) {
  ahead_ = std::async(std::launch::async, [this, first] { return make(first); });
}

TrainingStream::~TrainingStream() {
  if (ahead_.valid()) ahead_.wait();
}

model::PatchBatch TrainingStream::next() {
  const auto start = std::chrono::steady_clock::now();
  model::PatchBatch batch = ahead_.get();
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ++number_;
  ahead_ = std::async(std::launch::async, [this, number = number_] { return make(number); });
  return batch;
}

// Batches run through one endless row of epochs, each a permutation of its own; a batch may begin in one epoch and end in the next.
model::PatchBatch TrainingStream::make(std::int64_t number) const {
  const auto images = static_cast<std::int64_t>(set_.count());
  std::vector<std::size_t> order(set_.count());
  std::int64_t ordered_epoch = -1;
  std::vector<std::size_t> chosen;
  for (std::int64_t i = number * batch_size_; i < (number + 1) * batch_size_; ++i) {
    if (i / images != ordered_epoch) {
      ordered_epoch = i / images;
      std::iota(order.begin(), order.end(), std::size_t{0});
      for (std::size_t k = order.size(); k > 1; --k) {  // Fisher-Yates
        std::swap(order[k - 1], order[hash(hash(seed_, static_cast<std::uint64_t>(ordered_epoch)), k) % k]);
      }
    }
    chosen.push_back(order[static_cast<std::size_t>(i % images)]);
  }
  model::PatchBatch batch;
  batch.count = batch_size_;
  batch.size = set_.size();
  const std::size_t bytes = static_cast<std::size_t>(batch.size) * static_cast<std::size_t>(batch.size) * 3;
  batch.rgb.resize(bytes * chosen.size());
  for (const std::size_t index : chosen) batch.labels.insert(batch.labels.end(), set_.labels(index).begin(), set_.labels(index).end());
  tbb::parallel_for(std::size_t{0}, chosen.size(), [&](std::size_t i) {
    const std::uint64_t draw = hash(seed_ + 1, static_cast<std::uint64_t>(number) * static_cast<std::uint64_t>(batch_size_) + i);
    std::uint8_t* const pixels = batch.rgb.data() + i * bytes;
    write_turned(set_.image(chosen[i], &draw), static_cast<unsigned>(draw >> 61U), pixels);
    if (stain_jitter_ > 0) jitter_stain({pixels, batch.size, batch.size, 3, std::int64_t{3} * batch.size}, stain_jitter_, hash(draw, 3));
  });
  return batch;
}

}  // namespace wsi_lpd::pipeline
