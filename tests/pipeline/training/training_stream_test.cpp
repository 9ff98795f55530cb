#include "wsi_lpd/pipeline/training/training_stream.hpp"

#include "stain_jitter.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "pipeline/training/marked_patches.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

TEST_F(MarkedPatches, StreamInShuffledEpochsThatDependOnTheSeedAlone) {
  const PatchSet set = load(write(12, 64, 64), {});
  TrainingStream a(set, 4, 7), b(set, 4, 7), c(set, 4, 8);
  bool other_seed_differs = false;
  std::multiset<int> seen;
  for (int step = 0; step < 6; ++step) {  // two epochs
    const model::network::PatchBatch batch = a.next();
    EXPECT_EQ(batch.rgb, b.next().rgb);
    other_seed_differs |= batch.rgb != c.next().rgb;
    for (int i = 0; i < 4; ++i) {
      const int number = batch.rgb[static_cast<std::size_t>(i) * 64 * 64 * 3];
      seen.insert(number);
      EXPECT_EQ(batch.labels[static_cast<std::size_t>(i) * 2], static_cast<float>(number % 2));
    }
  }
  EXPECT_TRUE(other_seed_differs);
  for (int number = 0; number < 12; ++number) EXPECT_EQ(seen.count(number), 2U);
}

TEST_F(MarkedPatches, AreTurnedIntoAllEightSymmetries) {
  const PatchSet set = load(write(1, 64, 64), {});
  TrainingStream stream(set, 1, 1);
  std::set<std::vector<std::uint8_t>> symmetries;
  for (int step = 0; step < 100; ++step) {
    const model::network::PatchBatch batch = stream.next();
    symmetries.insert(batch.rgb);
    std::vector<std::uint8_t> sorted = batch.rgb;  // only the order of the pixels changes
    std::sort(sorted.begin(), sorted.end());
    core::Image original = marked(0, 64, 64);
    std::sort(original.data(), original.data() + original.bytes());
    ASSERT_TRUE(std::equal(sorted.begin(), sorted.end(), original.data()));
  }
  EXPECT_EQ(symmetries.size(), 8U);
}

/// How often each image comes up in `epochs` epochs of a set of marked images.
std::vector<int> times_drawn(const PatchSet& set, int epochs, const StreamOptions& options) {
  TrainingStream stream(set, static_cast<int>(set.count()), 3, 0, options);
  std::vector<int> times(set.count());
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const model::network::PatchBatch batch = stream.next();
    const std::size_t bytes = batch.rgb.size() / set.count();
    for (std::size_t i = 0; i < set.count(); ++i) ++times[batch.rgb[i * bytes]];
  }
  return times;
}

TEST_F(MarkedPatches, AreDrawnSoThatRareClassesComeUpAsOften) {
  auto patches = write(40, 64, 64);
  for (std::size_t i = 0; i < 40; ++i) patches[i].labels = i < 4 ? std::vector<float>{1, 0} : std::vector<float>{0, 1};
  const PatchSet set = load(patches, {});
  constexpr int kEpochs = 20;
  for (const double balance : {0.0, 0.5, 1.0}) {
    const std::vector<int> times = times_drawn(set, kEpochs, {.balance = balance});
    EXPECT_EQ(std::accumulate(times.begin(), times.end(), 0), 40 * kEpochs);
    const int rare = std::accumulate(times.begin(), times.begin() + 4, 0);
    EXPECT_NEAR(rare, (4 + balance * 16) * kEpochs, kEpochs) << balance;
    for (std::size_t i = 0; i < 40; ++i) {  // within one a epoch of its mean: nothing is left to luck
      const double mean = i < 4 ? 1 + balance * 4 : 1 - balance * (1 - 20.0 / 36);
      EXPECT_NEAR(times[i], mean * kEpochs, balance == 0 ? 0 : kEpochs) << i;
      EXPECT_GT(times[i], 0) << i;
    }
  }
}

TEST_F(MarkedPatches, WithoutALabelAreDrawnAsEver) {
  auto patches = write(20, 64, 64);
  for (std::size_t i = 0; i < 20; ++i)
    patches[i].labels = i < 5 ? std::vector<float>{0, 0} : i < 8 ? std::vector<float>{1, 1} : std::vector<float>{0, 1};
  const std::vector<int> times = times_drawn(load(patches, {}), 10, {.balance = 1});
  EXPECT_NEAR(std::accumulate(times.begin(), times.begin() + 5, 0), 50, 10);
  EXPECT_GT(std::accumulate(times.begin() + 5, times.begin() + 8, 0), 45);  // 30 unbalanced
}

TEST_F(MarkedPatches, StreamFromAnyBatchOnAsFromTheFirst) {
  auto patches = write(12, 64, 64);
  for (std::size_t i = 0; i < 12; ++i) patches[i].labels = i < 3 ? std::vector<float>{1, 0} : std::vector<float>{0, 1};
  const PatchSet set = load(patches, {});
  const StreamOptions options{.balance = 1, .scale_jitter = 0.3, .stain_jitter = 0.2};
  TrainingStream whole(set, 5, 7, 0, options), plain(set, 5, 7);
  for (std::int64_t first = 0; first < 8; ++first) {
    const model::network::PatchBatch batch = whole.next();
    TrainingStream later(set, 5, 7, first, options);
    const model::network::PatchBatch same = later.next();
    EXPECT_TRUE(batch.rgb == same.rgb) << first;
    EXPECT_EQ(batch.labels, same.labels);
    EXPECT_FALSE(batch.rgb == plain.next().rgb) << first;
  }
}

TEST(StainJitter, StrengthZeroChangesNothingAndMoreChangesMore) {
  const core::Image original = marked(180, 64, 64);
  const auto distance = [&](double strength, std::uint64_t seed) {
    core::Image image = original;
    jitter_stain(image.view(), strength, seed);
    double sum = 0;
    for (std::size_t i = 0; i < image.bytes(); ++i) sum += std::abs(image.data()[i] - original.data()[i]);
    return sum / static_cast<double>(image.bytes());
  };
  EXPECT_EQ(distance(0, 1), 0);
  double little = 0, much = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    little += distance(0.05, seed);
    much += distance(0.2, seed);
  }
  EXPECT_GT(little, 0);
  EXPECT_GT(much, 2 * little);
  EXPECT_EQ(distance(0.2, 5), distance(0.2, 5));
  EXPECT_NE(distance(0.2, 5), distance(0.2, 6));
}

TEST_F(MarkedPatches, BecomeMosaicsOfImagesOfOneClass) {
  std::vector<Patch> patches = write(9, 64, 64);
  for (std::size_t i = 0; i < patches.size(); ++i) patches[i].labels = {i % 3 != 1 ? 1.0F : 0.0F, i % 3 != 0 ? 1.0F : 0.0F};
  const PatchSet set = load(std::move(patches), {});
  TrainingStream stream(set, 6, 1, 0, {.mosaic = 1}), some(set, 6, 1, 0, {.mosaic = 0.3}), none(set, 6, 1);
  constexpr std::size_t kPixels = 64U * 64;
  std::int64_t replaced = 0, both = 0;
  for (int step = 0; step < 10; ++step) {
    const model::network::PatchBatch batch = stream.next(), mixed = some.next(), plain = none.next();
    EXPECT_TRUE(plain.pixels.empty());
    for (std::size_t i = 0; i < 6; ++i) {
      both += batch.labels[2 * i] == 1 && batch.labels[2 * i + 1] == 1;
      EXPECT_TRUE(batch.labels[2 * i] == 1 || batch.labels[2 * i + 1] == 1);
      std::set<std::uint8_t> classes(batch.pixels.begin() + static_cast<std::ptrdiff_t>(i * kPixels),
                                     batch.pixels.begin() + static_cast<std::ptrdiff_t>((i + 1) * kPixels));
      classes.erase(model::network::kUnknownPixel);
      for (const std::uint8_t known : classes) EXPECT_LT(known, 2);
      const bool is_mosaic = !std::equal(mixed.rgb.begin() + static_cast<std::ptrdiff_t>(3 * i * kPixels),
                                         mixed.rgb.begin() + static_cast<std::ptrdiff_t>(3 * (i + 1) * kPixels),
                                         plain.rgb.begin() + static_cast<std::ptrdiff_t>(3 * i * kPixels));
      replaced += is_mosaic;
      if (!is_mosaic) {
        EXPECT_EQ(std::count(mixed.pixels.begin() + static_cast<std::ptrdiff_t>(i * kPixels),
                             mixed.pixels.begin() + static_cast<std::ptrdiff_t>((i + 1) * kPixels), model::network::kUnknownPixel),
                  static_cast<std::ptrdiff_t>(kPixels));
      }
    }
  }
  EXPECT_GT(both, 50) << "of 60 mosaics of images of two classes";
  EXPECT_GT(replaced, 5);
  EXPECT_LT(replaced, 35);
}

TEST_F(MarkedPatches, AreNoMosaicsWithoutTwoClassesOfTheirOwn) {
  const PatchSet set = load(write(4, 64, 64), {});  // [01] and [11]
  EXPECT_THROW(TrainingStream(set, 2, 1, 0, {.mosaic = 0.5}), core::UsageError);
}

TEST_F(MarkedPatches, AreShownTwiceInOtherStains) {
  const PatchSet set = load(write(6, 64, 64), {});
  TrainingStream pairs(set, 3, 1, 0, {.stain_jitter = 0.2, .stain_views = true}), singles(set, 3, 1, 0, {.stain_jitter = 0.2});
  const model::network::PatchBatch twice = pairs.next(), once = singles.next();
  ASSERT_EQ(twice.count, 6);
  EXPECT_TRUE(twice.paired);
  EXPECT_FALSE(once.paired);
  const std::size_t half = once.rgb.size();
  EXPECT_TRUE(std::equal(once.rgb.begin(), once.rgb.end(), twice.rgb.begin()));
  EXPECT_FALSE(std::equal(once.rgb.begin(), once.rgb.end(), twice.rgb.begin() + static_cast<std::ptrdiff_t>(half)));
  for (std::size_t i = 0; i < once.labels.size(); ++i) EXPECT_EQ(twice.labels[i], twice.labels[once.labels.size() + i]);
  EXPECT_THROW(TrainingStream(set, 3, 1, 0, {.stain_views = true}), core::UsageError);
}

TEST_F(MarkedPatches, CarryWhatATeacherSays) {
  std::vector<Patch> patches = write(9, 64, 64);
  std::vector<Patch> others(patches.begin() + 6, patches.end());
  for (Patch& other : others) other.labels = {NAN, NAN};
  patches.resize(6);
  const PatchSet set = load(std::move(patches), {}), unlabelled = load(std::move(others), {});
  Teaching teaching{.labelled = {}, .unlabelled = &unlabelled, .others = {}};
  for (int i = 0; i < 6; ++i) teaching.labelled.push_back({0.01F * static_cast<float>(i), 1});
  for (int i = 6; i < 9; ++i) teaching.others.push_back({0.01F * static_cast<float>(i), 0});
  TrainingStream stream(set, 4, 1, 0, {}, teaching);
  std::set<int> seen;
  for (int step = 0; step < 20; ++step) {
    const model::network::PatchBatch batch = stream.next();
    ASSERT_EQ(batch.count, 6) << "one without labels for two with them";
    for (std::size_t i = 0; i < 6; ++i) {
      const int number = batch.rgb[i * 64 * 64 * 3];
      seen.insert(number);
      EXPECT_EQ(number >= 6, i >= 4);
      EXPECT_EQ(batch.presence[2 * i], 0.01F * static_cast<float>(number));
      EXPECT_EQ(std::isnan(batch.labels[2 * i]), i >= 4);
    }
  }
  EXPECT_EQ(seen.size(), 9U);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
