#include "wsi_lpd/pipeline/training/synth_dataset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>

#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

const core::CancelFlag kNever{false};

SynthOptions small(const fs::path& folder) {
  return {.folder = folder, .train = 14, .valid = 3, .test = 2, .patch_size = 96, .slides = 2, .slide_size = {1300, 530}, .seed = 9};
}

/// Name and bytes of every file below a folder.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = core::read_text_file(entry.path());
  }
  return files;
}

TEST(SynthDataset, HasTheLayoutAndEveryFileAgreesWithItsLabel) {
  TemporaryFolder folder;
  core::SilentObserver observer;
  make_synth_dataset(small(folder / "set"), {observer, kNever});
  const fs::path patches = folder / "set/patches";
  EXPECT_THAT(core::read_text_file(patches / "dataset.toml"), ::testing::HasSubstr("classes = [\"TUM\", \"STR\", \"LYM\", \"NEC\"]"));
  int train = 0;
  for (const auto& entry : fs::directory_iterator(patches / "train")) {
    EXPECT_TRUE(std::regex_match(entry.path().filename().string(), std::regex(R"(\w+\[[01]{4}\]\.png)"))) << entry.path();
    EXPECT_EQ(entry.path().string().find("[0000]"), std::string::npos);
    EXPECT_EQ(image::read_size(entry.path()), (core::Size{96, 96}));
    ++train;
  }
  EXPECT_EQ(train, 14);
  for (const auto& [split, count] : std::map<std::string, int>{{"valid", 3}, {"test", 2}}) {
    int masks = 0;
    for (const auto& entry : fs::directory_iterator(patches / split / "mask")) {
      const core::Image mask = image::read_labels(entry.path());
      EXPECT_LE(*std::max_element(mask.data(), mask.data() + mask.bytes()), 4);
      EXPECT_LT(*std::min_element(mask.data(), mask.data() + mask.bytes()), 4);
      EXPECT_EQ(image::read_size(patches / split / "img" / entry.path().filename()), (core::Size{96, 96}));
      ++masks;
    }
    EXPECT_EQ(masks, count);
  }
  for (const char* name : {"slide-1", "slide-2"}) {
    const auto slide = slide::open(folder / "set/slides" / (std::string(name) + ".tif"));
    EXPECT_NEAR(slide->properties().mpp.value(), 0.5, 1e-6);
    const core::Image truth = image::read_labels(folder / "set/slides" / (std::string(name) + ".labels.png"));
    EXPECT_EQ((core::Size{truth.width(), truth.height()}), slide->properties().levels.front().size);
    // The truth's glass is where the slide is bright.
    core::Image pixels(1300, 530, 3);
    slide->read(0, {0, 0, 1300, 530}, pixels.view());
    double agree = 0;
    for (std::size_t i = 0; i < truth.bytes(); ++i) agree += (truth.data()[i] == 4) == (pixels.data()[3 * i + 1] > 222);
    EXPECT_GT(agree / static_cast<double>(truth.bytes()), 0.95) << name;
  }
}

TEST(SynthDataset, IsAFunctionOfItsOptions) {
  TemporaryFolder folder;
  core::SilentObserver observer;
  SynthOptions other = small(folder / "c");
  other.seed = 10;
  make_synth_dataset(small(folder / "a"), {observer, kNever});
  make_synth_dataset(small(folder / "b"), {observer, kNever});
  make_synth_dataset(other, {observer, kNever});
  EXPECT_EQ(contents(folder / "a"), contents(folder / "b"));
  EXPECT_NE(contents(folder / "a"), contents(folder / "c"));
}

TEST(SynthDataset, LeavesNothingWhenStoppedAndOverwritesNothing) {
  TemporaryFolder folder;
  core::SilentObserver observer;
  const core::CancelFlag now{true};
  EXPECT_THROW(make_synth_dataset(small(folder / "set"), {observer, now}), core::Cancelled);
  EXPECT_TRUE(contents(folder.path()).empty());
  fs::create_directories(folder / "set/patches");
  EXPECT_THROW(make_synth_dataset(small(folder / "set"), {observer, kNever}), core::UsageError);
  EXPECT_TRUE(contents(folder.path()).empty());
}

TEST(SynthDataset, RefusesWhatMakesNoSense) {
  TemporaryFolder folder;
  core::SilentObserver observer;
  const auto refused = [&](auto change) {
    SynthOptions options = small(folder / "set");
    change(options);
    EXPECT_THROW(make_synth_dataset(options, {observer, kNever}), core::UsageError);
  };
  refused([](SynthOptions& options) { options.patch_size = 8; });
  refused([](SynthOptions& options) { options.train = -1; });
  refused([](SynthOptions& options) { options.mpp = 0; });
  refused([](SynthOptions& options) { options.slide_size = {1LL << 40, 100}; });
  refused([](SynthOptions& options) { options.tissue_fraction = 0; });
  refused([](SynthOptions& options) { options.stain_variation = std::nan(""); });
  EXPECT_FALSE(fs::exists(folder / "set"));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
