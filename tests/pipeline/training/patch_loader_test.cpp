#include "wsi_lpd/pipeline/training/patch_loader.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <fstream>
#include <set>

#include "pipeline/training/marked_patches.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

TEST_F(MarkedPatches, AreTheSameFromMemoryAndFromDisk) {
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

TEST_F(MarkedPatches, AreResizedOrCropped) {
  const auto patches = write(2, 128, 128);
  const PatchSet resized = load(patches, {.size = 64});
  EXPECT_DOUBLE_EQ(resized.zoom(), 0.5);
  EXPECT_EQ(resized.image(1).width(), 64);
  const PatchSet cropped = load(patches, {.size = 64, .fit = Fit::Crop});
  EXPECT_DOUBLE_EQ(cropped.zoom(), 1);
  EXPECT_EQ(cropped.image(1).at(0, 0)[1], 32);
  std::set<int> lefts;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const RandomView view{seed};
    const core::Image part = cropped.image(1, &view);
    EXPECT_EQ(part.at(63, 0)[1] - part.at(0, 0)[1], 63);
    lefts.insert(part.at(0, 0)[1]);
  }
  EXPECT_GT(lefts.size(), 20U);
}

TEST_F(MarkedPatches, NeedASizeToBeCropped) { EXPECT_THROW(load(write(1, 96, 96), {.fit = Fit::Crop}), core::UsageError); }

TEST_F(MarkedPatches, OfSeveralSizesNeedToBeCropped) {
  auto patches = write(2, 64, 64);
  image::write_png(patches[1].image, marked(1, 80, 64));
  EXPECT_THROW(load(patches, {}), core::UsageError);
  EXPECT_EQ(load(patches, {.size = 96, .fit = Fit::Crop}).image(1).width(), 96);
}

TEST_F(MarkedPatches, ThatCannotBeReadAreAllNamed) {
  auto patches = write(40, 64, 64);
  std::ofstream(patches[3].image) << "not an image";
  std::filesystem::resize_file(patches[20].image, std::filesystem::file_size(patches[20].image) / 2);
  image::write_png(patches[30].image, marked(0, 20, 20));
  image::write_labels_png(folder_ / "small.png", core::Image(10, 10, 1), std::vector<core::Colour>(4));
  patches[7].mask = folder_ / "small.png";
  image::write_labels_png(folder_ / "wild.png", core::Image(64, 64, 1, 9), std::vector<core::Colour>(16));
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

TEST_F(MarkedPatches, ThatCannotBeReadAreSkippedOnRequest) {
  auto patches = write(6, 64, 64);
  for (const std::size_t i : {1U, 4U}) std::ofstream(patches[i].image) << "not an image";
  const PatchSet set = load(patches, {.skip_unusable = true});
  ASSERT_EQ(set.count(), 4U);
  for (std::size_t i = 0; const int number : {0, 2, 3, 5}) {
    EXPECT_EQ(set.image(i), marked(static_cast<std::uint8_t>(number), 64, 64));
    EXPECT_EQ(set.labels(i++)[0], static_cast<float>(number % 2));
  }
  EXPECT_THROW(load({patches[1]}, {.skip_unusable = true}), PatchError) << "nothing is left";
}

TEST_F(MarkedPatches, TakeTheirLabelsFromTheMask) {
  auto patches = write(1, 64, 64);
  core::Image mask(64, 64, 1, 2);
  *mask.at(5, 5) = 1;
  image::write_labels_png(folder_ / "m.png", mask, std::vector<core::Colour>(3));
  patches[0].mask = folder_ / "m.png";
  const PatchSet set = load(patches, {});
  EXPECT_EQ(set.labels(0), (std::vector<float>{0, 1}));
  EXPECT_EQ(set.mask(0), mask);
}

/// Where the views of a 64 px network input lie in the marked image: checks that `view` shows a square of it, mirrored at the edges, and
/// returns that square.
core::Rect shown_square(const core::Image& view, std::int64_t width, std::int64_t height) {
  const auto mirrored = [](double at, std::int64_t length) {
    if (at < 0) return -1 - at;
    const auto size = static_cast<double>(length);
    return at > size - 1 ? 2 * size - 1 - at : at;
  };
  // The square whose pixels along the first row (green: x) and the first column (blue: y) fit best.
  const auto search = [&](std::size_t channel, std::int64_t length) {
    std::pair<double, std::array<std::int64_t, 2>> best{1e9, {}};
    for (std::int64_t side = 30; side <= 130; ++side) {
      for (std::int64_t start = std::min<std::int64_t>(0, length - side); start <= std::max<std::int64_t>(0, length - side); ++start) {
        double error = 0;
        for (std::int64_t i = 0; i < 64; ++i) {
          const double at = static_cast<double>(start) + (static_cast<double>(i) + 0.5) * static_cast<double>(side) / 64 - 0.5;
          const std::uint8_t* pixel = channel == 1 ? view.at(i, 7) : view.at(7, i);
          error += std::abs(mirrored(at, length) - pixel[channel]);
        }
        best = std::min(best, {error / 64, {start, side}});
      }
    }
    EXPECT_LT(best.first, 0.6);  // mean, in pixels
    return best.second;
  };
  const auto across = search(1, width), down = search(2, height);
  EXPECT_EQ(across[1], down[1]);
  return {across[0], down[0], across[1], down[1]};
}

TEST_F(MarkedPatches, AreMagnifiedAtRandom) {
  const PatchSet whole = load(write(2, 64, 64), {});
  double sum = 0;
  std::set<std::int64_t> sides, starts_inside, starts_around;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const RandomView view{seed, 0.25};
    const core::Image image = whole.image(1, &view);
    ASSERT_EQ(image.width(), 64);
    ASSERT_EQ(image.height(), 64);
    EXPECT_EQ(image.at(30, 30)[0], 1);
    EXPECT_EQ(image, whole.image(1, &view));
    const core::Rect square = shown_square(image, 64, 64);
    EXPECT_GE(square.width, 51);  // 64 / 1.25
    EXPECT_LE(square.width, 80);  // 64 · 1.25
    sum += std::log(static_cast<double>(square.width) / 64);
    sides.insert(square.width);
    (square.width < 64 ? starts_inside : starts_around).insert(square.x);
  }
  EXPECT_NEAR(sum / 200, 0, 4 * std::log(1.25) / std::sqrt(3.0 * 200));  // four standard errors of an even draw
  EXPECT_GT(sides.size(), 20U);
  EXPECT_GT(starts_inside.size(), 8U);
  EXPECT_GT(starts_around.size(), 8U);
}

TEST_F(MarkedPatches, AreMagnifiedWhereTheyAreCroppedOrResized) {
  const PatchSet cropped = load(write(1, 100, 60), {.size = 64, .fit = Fit::Crop});
  const PatchSet resized = load(write(1, 96, 96), {.size = 64});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const RandomView view{seed, 0.25};
    const core::Rect part = shown_square(cropped.image(0, &view), 100, 60);
    EXPECT_GE(part.width, 51);
    EXPECT_LE(part.width, 80);
    const core::Rect square = shown_square(resized.image(0, &view), 96, 96);
    EXPECT_GE(square.width, 77);  // 96 / 1.25
    EXPECT_LE(square.width, 120);
  }
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
