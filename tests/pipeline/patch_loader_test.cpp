#include "wsi_lpd/pipeline/patch_loader.hpp"

#include "../../pipeline/stain_jitter.hpp"

#include <algorithm>
#include <fstream>
#include <set>

#include "test_data.hpp"
#include "wsi_lpd/image/image_file.hpp"

namespace wsi_lpd::pipeline {
namespace {

using testing::TemporaryFolder;

const CancelFlag kNever{false};

/// An image whose pixels say which image it is and where they lie.
Image marked(std::uint8_t number, std::int64_t width, std::int64_t height) {
  Image image(width, height, 3);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      std::uint8_t* pixel = image.at(x, y);
      pixel[0] = number;
      pixel[1] = static_cast<std::uint8_t>(x);
      pixel[2] = static_cast<std::uint8_t>(y);
    }
  }
  return image;
}

class Patches : public ::testing::Test {
 protected:
  std::vector<Patch> write(int count, std::int64_t width, std::int64_t height) {
    std::vector<Patch> patches;
    for (int i = 0; i < count; ++i) {
      patches.push_back({folder_ / ("p" + std::to_string(i) + ".png"), {}, {static_cast<float>(i % 2), 1}});
      image::write_png(patches.back().image, marked(static_cast<std::uint8_t>(i), width, height));
    }
    return patches;
  }
  PatchSet load(std::vector<Patch> patches, PatchSetOptions options) {
    options.classes = 2;
    return PatchSet(std::move(patches), options, observer_, kNever);
  }
  TemporaryFolder folder_;
  SilentObserver observer_;
};

TEST_F(Patches, AreTheSameFromMemoryAndFromDisk) {
  const auto patches = write(3, 64, 64);
  const PatchSet cached = load(patches, {});
  const PatchSet uncached = load(patches, {.cache_bytes = 100});
  const PatchSet partly = load(patches, {.cache_bytes = 2 * 64 * 64 * 3 + 1});
  EXPECT_EQ(cached.size(), 64);
  EXPECT_EQ(cached.cached_bytes(), 3 * 64 * 64 * 3);
  EXPECT_EQ(uncached.cached_bytes(), 0);
  EXPECT_EQ(partly.cached_bytes(), 2 * 64 * 64 * 3);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cached.image(i), marked(static_cast<std::uint8_t>(i), 64, 64));
    EXPECT_EQ(cached.image(i), uncached.image(i));
    EXPECT_EQ(cached.image(i), partly.image(i));
  }
}

TEST_F(Patches, AreResizedOrCropped) {
  const auto patches = write(2, 128, 128);
  const PatchSet resized = load(patches, {.size = 64});
  EXPECT_DOUBLE_EQ(resized.zoom(), 0.5);
  EXPECT_EQ(resized.image(1).width(), 64);
  const PatchSet cropped = load(patches, {.size = 64, .fit = Fit::Crop});
  EXPECT_DOUBLE_EQ(cropped.zoom(), 1);
  EXPECT_EQ(cropped.image(1).at(0, 0)[1], 32);
  std::set<int> lefts;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Image part = cropped.image(1, &seed);
    EXPECT_EQ(part.at(63, 0)[1] - part.at(0, 0)[1], 63);
    lefts.insert(part.at(0, 0)[1]);
  }
  EXPECT_GT(lefts.size(), 20U);
}

TEST_F(Patches, OfSeveralSizesNeedToBeCropped) {
  auto patches = write(2, 64, 64);
  image::write_png(patches[1].image, marked(1, 80, 64));
  EXPECT_THROW(load(patches, {}), UsageError);
  EXPECT_EQ(load(patches, {.size = 96, .fit = Fit::Crop}).image(1).width(), 96);
}

TEST_F(Patches, ThatCannotBeReadAreAllNamed) {
  auto patches = write(40, 64, 64);
  std::ofstream(patches[3].image) << "not an image";
  std::filesystem::resize_file(patches[20].image, std::filesystem::file_size(patches[20].image) / 2);
  image::write_png(patches[30].image, marked(0, 20, 20));
  image::write_labels_png(folder_ / "small.png", Image(10, 10, 1), std::vector<Colour>(4));
  patches[7].mask = folder_ / "small.png";
  image::write_labels_png(folder_ / "wild.png", Image(64, 64, 1, 9), std::vector<Colour>(16));
  patches[8].mask = folder_ / "wild.png";
  try {
    load(patches, {});
    FAIL();
  } catch (const PatchError& error) {
    EXPECT_EQ(error.count(), 5U) << error.what();
    for (const char* name : {"p3.png", "p20.png", "p30.png", "small.png", "wild.png"})
      EXPECT_THAT(error.what(), ::testing::HasSubstr(name));
  }
}

TEST_F(Patches, TakeTheirLabelsFromTheMask) {
  auto patches = write(1, 64, 64);
  Image mask(64, 64, 1, 2);
  *mask.at(5, 5) = 1;
  image::write_labels_png(folder_ / "m.png", mask, std::vector<Colour>(3));
  patches[0].mask = folder_ / "m.png";
  const PatchSet set = load(patches, {});
  EXPECT_EQ(set.labels(0), (std::vector<float>{0, 1}));
  EXPECT_EQ(set.mask(0), mask);
}

TEST_F(Patches, StreamInShuffledEpochsThatDependOnTheSeedAlone) {
  const PatchSet set = load(write(12, 64, 64), {});
  TrainingStream a(set, 4, 7), b(set, 4, 7), c(set, 4, 8);
  bool other_seed_differs = false;
  std::multiset<int> seen;
  for (int step = 0; step < 6; ++step) {  // two epochs
    const model::PatchBatch batch = a.next();
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

TEST_F(Patches, AreTurnedIntoAllEightSymmetries) {
  const PatchSet set = load(write(1, 64, 64), {});
  TrainingStream stream(set, 1, 1);
  std::set<std::vector<std::uint8_t>> symmetries;
  for (int step = 0; step < 100; ++step) {
    const model::PatchBatch batch = stream.next();
    symmetries.insert(batch.rgb);
    std::vector<std::uint8_t> sorted = batch.rgb;  // only the order of the pixels changes
    std::sort(sorted.begin(), sorted.end());
    Image original = marked(0, 64, 64);
    std::sort(original.data(), original.data() + original.bytes());
    ASSERT_TRUE(std::equal(sorted.begin(), sorted.end(), original.data()));
  }
  EXPECT_EQ(symmetries.size(), 8U);
}

TEST(StainJitter, StrengthZeroChangesNothingAndMoreChangesMore) {
  const Image original = marked(180, 64, 64);
  const auto distance = [&](double strength, std::uint64_t seed) {
    Image image = original;
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

}  // namespace
}  // namespace wsi_lpd::pipeline
