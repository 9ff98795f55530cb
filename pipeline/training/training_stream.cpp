#include "wsi_lpd/pipeline/training/training_stream.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include "mosaic.hpp"
#include "stain_jitter.hpp"
#include "wsi_lpd/core/counter_random.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

constexpr int kLabelledPerUnlabelled = 2;
constexpr double kSmallestPiece = 0.02;  ///< share of a mosaic from which its image label counts

/// Which of the eight symmetries of the square a draw stands for.
unsigned symmetry_of(std::uint64_t draw) { return static_cast<unsigned>(draw >> 61U); }

/// Writes symmetry 0…7 of the square image: bit 0 mirrors left-right, bit 1 top-bottom, bit 2 transposes.
void write_turned(const core::Image& source, unsigned symmetry, std::uint8_t* target) {
  const std::int64_t side = source.width(), channels = source.channels();
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x) {
      std::int64_t from_x = (symmetry & 4U) ? y : x;
      std::int64_t from_y = (symmetry & 4U) ? x : y;
      if (symmetry & 1U) from_x = side - 1 - from_x;
      if (symmetry & 2U) from_y = side - 1 - from_y;
      target = std::copy_n(source.at(from_x, from_y), channels, target);
    }
  }
}

/// How often each image is drawn in an epoch, in the mean. Balanced, in proportion to the mean of 1 / images of the class over its classes:
/// with one label an image, each class as often. Images without any label are drawn as ever.
std::vector<double> mean_draws(const PatchSet& set, double balance) {
  std::vector<double> draws(set.count(), 1.0);
  if (balance == 0) return draws;
  std::vector<double> images(set.labels(0).size());  // of each class
  for (std::size_t i = 0; i < set.count(); ++i)
    for (std::size_t c = 0; c < images.size(); ++c) images[c] += set.labels(i)[c] > 0.5F;
  std::vector<double> rarity(set.count());
  double labelled = 0, sum = 0;
  for (std::size_t i = 0; i < set.count(); ++i) {
    double classes = 0;
    for (std::size_t c = 0; c < images.size(); ++c) {
      if (set.labels(i)[c] <= 0.5F) continue;
      rarity[i] += 1 / images[c];
      ++classes;
    }
    if (classes == 0) continue;
    sum += rarity[i] /= classes;
    ++labelled;
  }
  for (std::size_t i = 0; i < set.count(); ++i)
    if (rarity[i] > 0) draws[i] = 1 - balance + balance * rarity[i] * labelled / sum;
  return draws;
}

/// [class]: the images that show it alone.
std::vector<std::vector<std::size_t>> pure_images(const PatchSet& set) {
  std::vector<std::vector<std::size_t>> images(set.labels(0).size());
  for (std::size_t i = 0; i < set.count(); ++i) {
    const std::vector<float>& labels = set.labels(i);
    if (std::ranges::count(labels, 1.0F) == 1)
      images[static_cast<std::size_t>(std::ranges::find(labels, 1.0F) - labels.begin())].push_back(i);
  }
  return images;
}

}  // namespace

TrainingStream::TrainingStream(const PatchSet& set, int batch_size, std::uint64_t seed, std::int64_t first, StreamOptions options,
                               Teaching teaching, std::span<const CorrectedTile> corrected)
    : set_(set),
      corrected_(corrected),
      batch_size_(batch_size),
      seed_(seed),
      number_(first),
      options_(options),
      teaching_(std::move(teaching)),
      draws_(mean_draws(set, options.balance)) {
  check(set, options);
  if (options_.mosaic > 0) {
    pure_ = pure_images(set);
    for (std::size_t c = 0; c < pure_.size(); ++c)
      if (!pure_[c].empty()) pure_class_.push_back(static_cast<std::uint8_t>(c));
  }
  ahead_ = std::async(std::launch::async, [this, first] { return make(first); });
}

void TrainingStream::check(const PatchSet& set, const StreamOptions& options) {
  if (options.stain_views && options.stain_jitter == 0)
    throw core::UsageError("--stain-views needs other stains: give a --stain-jitter above 0");
  if (options.mosaic <= 0) return;
  const auto pure = pure_images(set);
  const auto classes = std::ranges::count_if(pure, [](const auto& images) { return !images.empty(); });
  if (classes < 2)
    throw core::UsageError("--mosaic needs images that show one class alone, of at least two classes; there are some of " +
                           std::to_string(classes));
}

bool TrainingStream::suits_mosaics(const PatchSet& set) {
  std::size_t images = 0, classes = 0;
  for (const std::vector<std::size_t>& pure : pure_images(set)) {
    images += pure.size();
    classes += !pure.empty();
  }
  return classes >= 2 && 2 * images >= set.count();
}

TrainingStream::~TrainingStream() {
  if (ahead_.valid()) ahead_.wait();
}

model::network::PatchBatch TrainingStream::next() {
  const auto start = std::chrono::steady_clock::now();
  model::network::PatchBatch batch = ahead_.get();
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ++number_;
  ahead_ = std::async(std::launch::async, [this, number = number_] { return make(number); });
  return batch;
}

// Systematic sampling: one draw at each of u, u + 1, u + 2 … of the added-up mean draws, so that an image comes up as often as its mean
// says, rounded down or up; where every mean is 1, each image once. Then shuffled.
std::vector<std::size_t> TrainingStream::epoch(std::int64_t number) const {
  const std::uint64_t seed = core::hash(seed_, static_cast<std::uint64_t>(number));
  const double start = core::uniform(seed, 0);
  std::vector<std::size_t> order(set_.count());
  std::size_t image = 0;
  double upto = draws_[0];
  for (std::size_t k = 0; k < order.size(); ++k) {
    while (static_cast<double>(k) + start >= upto && image + 1 < order.size()) upto += draws_[++image];
    order[k] = image;
  }
  for (std::size_t k = order.size(); k > 1; --k) std::swap(order[k - 1], order[core::hash(seed, k) % k]);  // Fisher-Yates
  return order;
}

// Batches run through one endless row of epochs; a batch may begin in one epoch and end in the next.
std::vector<TrainingStream::Item> TrainingStream::items(std::int64_t number) const {
  const auto images = static_cast<std::int64_t>(set_.count());
  std::vector<std::size_t> order;
  std::int64_t ordered_epoch = -1;
  std::vector<Item> items;
  const auto draw_of = [&](std::uint64_t seed, std::size_t i) {
    return core::hash(seed, static_cast<std::uint64_t>(number) * static_cast<std::uint64_t>(batch_size_) + i);
  };
  for (std::int64_t i = number * batch_size_; i < (number + 1) * batch_size_; ++i) {
    if (i / images != ordered_epoch) order = epoch(ordered_epoch = i / images);
    items.push_back({&set_, order[static_cast<std::size_t>(i % images)], draw_of(seed_ + 1, items.size())});
  }
  if (teaching_.unlabelled) {
    for (int i = 0; i < std::max(1, batch_size_ / kLabelledPerUnlabelled); ++i) {
      const std::uint64_t draw = draw_of(seed_ + 2, static_cast<std::size_t>(i));
      items.push_back({teaching_.unlabelled, core::hash(draw, 6) % teaching_.unlabelled->count(), draw});
    }
  }
  if (!corrected_.empty()) {
    for (int i = 0; i < std::max(1, static_cast<int>(std::lround(options_.correction_share * batch_size_))); ++i) {
      const std::uint64_t draw = draw_of(seed_ + 3, static_cast<std::size_t>(i));
      items.push_back({nullptr, core::hash(draw, 6) % corrected_.size(), draw});
    }
  }
  return items;
}

model::network::PatchBatch TrainingStream::make(std::int64_t number) const {
  std::vector<Item> shown = items(number);
  const std::size_t views = options_.stain_views ? 2 : 1, classes = set_.labels(0).size();
  model::network::PatchBatch batch;
  if (options_.parts > 1) {
    const auto part = static_cast<std::size_t>(options_.part), parts = static_cast<std::size_t>(options_.parts), all = shown.size();
    const std::size_t begin = part * all / parts, end = (part + 1) * all / parts;
    batch.whole = static_cast<std::int64_t>(views * all);
    for (std::size_t view = 0; view < views; ++view)
      for (std::size_t i = begin; i < end; ++i) batch.rows.push_back(static_cast<std::int64_t>(view * all + i));
    shown = {shown.begin() + static_cast<std::ptrdiff_t>(begin), shown.begin() + static_cast<std::ptrdiff_t>(end)};
  }
  const std::size_t count = views * shown.size();
  batch.count = static_cast<int>(count);
  batch.size = set_.size();
  batch.paired = options_.stain_views;
  const std::size_t pixels = static_cast<std::size_t>(batch.size) * static_cast<std::size_t>(batch.size);
  batch.rgb.resize(3 * pixels * count);
  batch.labels.resize(classes * count, NAN);
  if (!pure_.empty() || !corrected_.empty()) batch.pixels.resize(pixels * count, model::network::kUnknownPixel);
  if (!teaching_.labelled.empty() || !corrected_.empty()) batch.presence.resize(classes * count, NAN);
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
    const Item& item = shown[i % shown.size()];
    std::uint8_t* const rgb = batch.rgb.data() + 3 * pixels * i;
    const bool labelled = item.set == &set_;
    if (!item.set) {
      add_corrected(batch, i, item.index, item.draw);
    } else if (labelled && !pure_.empty() && core::uniform(item.draw, 4) < options_.mosaic) {
      add_mosaic(batch, i, item.draw);
    } else {
      std::copy_n(augmented(*item.set, item.index, item.draw).data(), 3 * pixels, rgb);
      if (labelled) std::ranges::copy(set_.labels(item.index), batch.labels.data() + classes * i);
      if (!teaching_.labelled.empty())
        std::ranges::copy((labelled ? teaching_.labelled : teaching_.others)[item.index], batch.presence.data() + classes * i);
    }
    if (options_.stain_jitter > 0)
      jitter_stain({rgb, batch.size, batch.size, 3, std::int64_t{3} * batch.size}, options_.stain_jitter,
                   core::hash(item.draw, i < shown.size() ? 3 : 7));
  });
  return batch;
}

core::Image TrainingStream::augmented(const PatchSet& set, std::size_t index, std::uint64_t draw) const {
  const RandomView view{draw, options_.scale_jitter};
  core::Image turned(set_.size(), set_.size(), 3);
  write_turned(set.image(index, &view), symmetry_of(draw), turned.data());
  return turned;
}

void TrainingStream::add_corrected(model::network::PatchBatch& batch, std::size_t item, std::size_t index, std::uint64_t draw) const {
  const CorrectedTile& tile = corrected_[index];
  const std::size_t pixels = tile.classes.bytes(), classes = tile.presence.size();
  write_turned(tile.rgb, symmetry_of(draw), batch.rgb.data() + 3 * pixels * item);
  write_turned(tile.classes, symmetry_of(draw), batch.pixels.data() + pixels * item);
  std::ranges::copy(tile.labels, batch.labels.data() + classes * item);
  std::ranges::copy(tile.presence, batch.presence.data() + classes * item);
}

// The classes come round in turn from a random one on, so that a mosaic shows as many as it can.
void TrainingStream::add_mosaic(model::network::PatchBatch& batch, std::size_t item, std::uint64_t draw) const {
  const std::uint64_t seed = core::hash(draw, 5);
  const std::size_t pieces = 2 + core::hash(seed, 0) % 3, first = core::hash(seed, 1) % pure_class_.size();
  std::vector<core::Image> images;
  std::vector<std::uint8_t> classes;
  const std::size_t count = set_.labels(0).size();
  float* const labels = batch.labels.data() + item * count;
  std::fill_n(labels, count, 0.0F);
  for (std::size_t p = 0; p < pieces; ++p) {
    const std::uint8_t shown = pure_class_[(first + p) % pure_class_.size()];
    const std::uint64_t piece = core::hash(seed, 2 + p);
    images.push_back(augmented(set_, pure_[shown][piece % pure_[shown].size()], core::hash(piece, 0)));
    classes.push_back(shown);
  }
  const Mosaic mosaic = make_mosaic(images, classes, core::hash(seed, 1000));
  for (std::size_t p = 0; p < pieces; ++p)
    if (mosaic.shares[p] >= kSmallestPiece) labels[classes[p]] = 1;
  std::copy_n(mosaic.rgb.data(), mosaic.rgb.bytes(), batch.rgb.data() + item * mosaic.rgb.bytes());
  std::ranges::copy(mosaic.classes, batch.pixels.data() + item * mosaic.classes.size());
}

}  // namespace wsi_lpd::pipeline::training
