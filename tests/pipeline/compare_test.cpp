#include "wsi_lpd/pipeline/compare.hpp"

#include "identity_segmenter.hpp"
#include "test_data.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/pipeline/segment.hpp"

namespace wsi_lpd::pipeline {
namespace {

using testing::IdentitySegmenter;
using testing::kPaint;
using testing::TemporaryFolder;

const CancelFlag kNever{false};

class CompareLabels : public ::testing::Test {
 protected:
  CompareLabels() {
    testing::write_slide(folder_ / "slide.tif", {320, 240}, 0.5, [](std::int64_t x, std::int64_t) { return kPaint[x < 160 ? 0 : 1]; });
    IdentitySegmenter network(8, 1.0);
    segment_slide({folder_ / "slide.tif", folder_ / "result", {}}, network, {.tissue = "none"}, {"m", "1", "2"}, observer_, kNever);
  }
  void write_truth(std::int64_t width, std::int64_t height, int left, int right) {
    Image truth(width, height, 1, static_cast<std::uint8_t>(right));
    for (std::int64_t y = 0; y < height; ++y) std::fill_n(truth.at(0, y), width / 2, static_cast<std::uint8_t>(left));
    image::write_labels_png(folder_ / "truth.png", truth, std::vector<Colour>(8));
  }
  Comparison compare(std::optional<LabelValues> values = {}) {
    return compare_labels(folder_ / "result.tif", folder_ / "truth.png", 3, values, observer_, kNever);
  }

  SilentObserver observer_;
  TemporaryFolder folder_;
};

TEST_F(CompareLabels, ReadsTheClassesOfAResult) {
  EXPECT_EQ(result_classes(folder_ / "result.tif")->names, default_class_scheme(3).names);
  write_truth(8, 8, 0, 1);
  EXPECT_FALSE(result_classes(folder_ / "truth.png"));
}

TEST_F(CompareLabels, AgreesWithItselfAtAnyResolution) {
  for (const auto& [width, height] : std::vector<std::pair<int, int>>{{320, 240}, {160, 120}, {80, 60}, {640, 480}}) {
    write_truth(width, height, 0, 1);
    const Comparison comparison = compare();
    EXPECT_EQ(comparison.truth_values, LabelValues::Patches);
    EXPECT_EQ(comparison.matrix.total(), std::int64_t{width} * height);
    EXPECT_DOUBLE_EQ(comparison.matrix.mean_iou(), 1);
  }
  EXPECT_DOUBLE_EQ(compare_labels(folder_ / "result.tif", folder_ / "result.tif", 3, {}, observer_, kNever).matrix.mean_iou(), 1);
}

TEST_F(CompareLabels, CountsDisagreement) {
  write_truth(320, 240, 0, 3);  // the right half is background in truth
  const Comparison comparison = compare();
  EXPECT_EQ(comparison.matrix.count(3, 1), 160 * 240);
  EXPECT_EQ(comparison.matrix.count(0, 0), 160 * 240);
  write_truth(320, 240, 1, 2);
  EXPECT_DOUBLE_EQ(compare(LabelValues::Results).matrix.mean_iou(), 1);
}

TEST_F(CompareLabels, RefusesWhatDoesNotBelongTogether) {
  write_truth(320, 300, 0, 1);
  EXPECT_THROW(compare(), Error);
  write_truth(320, 240, 0, 7);
  EXPECT_THROW(compare(), Error);
}

}  // namespace
}  // namespace wsi_lpd::pipeline
