#include "deep_zoom.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "output/results.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/output/overlay.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr core::Size kSlide{2600, 1400}, kResult{2500, 1300};
constexpr std::int64_t kLeft = 60, kTop = 40;  // of the result on the slide

/// Red and green say the place on the slide.
core::Colour place(double x, double y) {
  return {static_cast<std::uint8_t>(20 + 200 * x / kSlide.width), static_cast<std::uint8_t>(20 + 200 * y / kSlide.height), 128};
}

std::vector<std::uint8_t> from_base64(const std::string& text) {
  static const std::string kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::uint8_t> bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6U | static_cast<std::uint32_t>(kDigits.find(c));
    if ((count += 6) >= 8) bytes.push_back(static_cast<std::uint8_t>(bits >> static_cast<unsigned>(count -= 8)));
  }
  return bytes;
}

/// A slide of places at 0.5 µm/px, and a result of a part of it: class 1 left, class 2 right of x = 1024; nothing below y = 1024.
class DeepZoomView : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_slide(slide_, kSlide, 0.5,
                         [](std::int64_t x, std::int64_t y) { return place(static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5); });
    result_.stem = folder_ / "out";
    output::SlideStatistics& s = result_.statistics = testing::some_statistics();
    s.slide = slide_.string();
    s.slide_fingerprint = core::FileIdentity(slide_).fingerprint();
    s.frame = core::make_frame({kLeft, kTop, kResult.width, kResult.height}, 0.5, 0.5);
    write_labels();
  }
  void write_labels() {
    core::Image labels(kResult.width, kResult.height, 1, core::kNotTissue);
    for (std::int64_t y = 0; y < 1024; ++y) {
      std::fill_n(labels.at(0, y), 1024, std::uint8_t{1});
      std::fill_n(labels.at(1024, y), kResult.width - 1024, std::uint8_t{2});
    }
    image::PyramidOptions options;
    options.reduction = image::PyramidOptions::Reduction::Mode;
    options.palette = output::result_palette(result_.statistics.classes);
    image::RasterWriter raster(output::label_pyramid(result_.stem), kResult, 1, options);
    raster.add_rows(labels.data(), kResult.height);
    raster.finish();
  }
  json make(double mpp = 0) { return json::parse(make_view(result_, view_, mpp, kNever)); }
  std::string refusal() {
    try {
      make();
    } catch (const core::Error& error) {
      return error.what();
    }
    return "made without complaint";
  }
  core::Image label_tile(const fs::path& path) {
    const std::string text = core::read_text_file(path), begin = "wsiLabelTile(\"", end = "\")\n";
    EXPECT_TRUE(text.starts_with(begin) && text.ends_with(end)) << path;
    const auto bytes = from_base64(text.substr(begin.size(), text.size() - begin.size() - end.size()));
    const fs::path png = folder_ / "tile.png";
    std::ofstream(png, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return image::read_rgb(png);
  }
  /// Slide tiles show their places, label tiles their classes; `factor` result pixels are one of the level.
  void expect_level(const json& level, const std::string& number, std::int64_t factor);

  testing::TemporaryFolder folder_;
  fs::path slide_ = folder_ / "slide.tif", view_ = folder_ / "view";
  output::CompleteResult result_;
};

void DeepZoomView::expect_level(const json& level, const std::string& number, std::int64_t factor) {
  const std::int64_t width = core::divide_up(kResult.width, factor), height = core::divide_up(kResult.height, factor);
  EXPECT_EQ(level.at("width"), width);
  EXPECT_EQ(level.at("height"), height);
  const auto has_label = level.at("labels").get<std::string>();
  ASSERT_EQ(has_label.size(), static_cast<std::size_t>(core::divide_up(width, 512) * core::divide_up(height, 512)));
  std::size_t tile = 0;
  for (std::int64_t top = 0; top < height; top += 512) {
    for (std::int64_t left = 0; left < width; left += 512, ++tile) {
      const std::string name = std::to_string(left / 512) + "_" + std::to_string(top / 512);
      const core::Image picture = image::read_rgb(view_ / "slide" / number / (name + ".jpg"));
      ASSERT_EQ((core::Size{picture.width(), picture.height()}),
                (core::Size{std::min<std::int64_t>(512, width - left), std::min<std::int64_t>(512, height - top)}));
      const fs::path labels = view_ / "labels" / number / (name + ".js");
      EXPECT_EQ(has_label[tile], top * factor < 1024 ? '1' : '0') << number << " " << name;
      ASSERT_EQ(fs::exists(labels), has_label[tile] == '1') << labels;
      const core::Image label = fs::exists(labels) ? label_tile(labels) : core::Image(picture.width(), picture.height(), 3, 0);
      ASSERT_EQ(label.width(), picture.width());
      for (std::int64_t y = 3; y < picture.height(); y += 50) {
        for (std::int64_t x = 3; x < picture.width(); x += 50) {
          const double result_x = (static_cast<double>(left + x) + 0.5) * static_cast<double>(factor);
          const double result_y = (static_cast<double>(top + y) + 0.5) * static_cast<double>(factor);
          const core::Colour expected = place(static_cast<double>(kLeft) + result_x, static_cast<double>(kTop) + result_y);
          EXPECT_NEAR(picture.at(x, y)[0], expected.red, 4) << number << " " << name << " " << x << "," << y;
          EXPECT_NEAR(picture.at(x, y)[1], expected.green, 4) << number << " " << name << " " << x << "," << y;
          EXPECT_EQ(*label.at(x, y), result_y > 1024   ? core::kNotTissue
                                     : result_x < 1024 ? 1
                                                       : 2)
              << number << " " << name << " " << x << "," << y;
        }
      }
    }
  }
}

TEST_F(DeepZoomView, TilesShowSlideAndLabelsAtTheSamePlaces) {
  const json view = make();
  EXPECT_EQ(view, json::parse(core::read_text_file(view_ / "view.json")));
  EXPECT_EQ(view.at("reduction"), 0);
  EXPECT_EQ(view.at("side"), 512);
  EXPECT_EQ(view.at("mpp"), 0.5);
  EXPECT_EQ(view.at("level0"), (json{{"x", kLeft}, {"y", kTop}, {"scale", 1.0}, {"mpp", 0.5}}));
  ASSERT_EQ(view.at("levels").size(), 4U);  // 2500, 1250, 625, 313 px
  for (std::size_t level = 0; level < 4; ++level) expect_level(view.at("levels")[level], std::to_string(level), std::int64_t{8} >> level);
}

TEST_F(DeepZoomView, StartsAsCoarseAsIsAsked) {
  const json view = make(1.1);  // 1.0 is the coarsest not above it
  EXPECT_EQ(view.at("reduction"), 1);
  EXPECT_EQ(view.at("mpp"), 1.0);
  EXPECT_EQ(view.at("level0").at("scale"), 2.0);
  ASSERT_EQ(view.at("levels").size(), 3U);
  for (std::size_t level = 0; level < 3; ++level) expect_level(view.at("levels")[level], std::to_string(level), std::int64_t{8} >> level);
  EXPECT_EQ(make(0.99).at("reduction"), 0) << "other tiles are made when the measure asked for differs";
  EXPECT_EQ(make(1.0).at("reduction"), 1);
  const json coarsest = make(1e6);
  EXPECT_EQ(coarsest.at("levels").size(), 1U) << "no coarser than one tile";
  EXPECT_EQ(coarsest.at("reduction"), 3);
}

TEST_F(DeepZoomView, IsKeptForTheSameFilesOnly) {
  EXPECT_FALSE(existing_view(result_, view_).has_value());
  const json view = make();
  const auto kept = existing_view(result_, view_);
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(json::parse(*kept), view);
  core::write_text_file(view_ / "mark", "x");
  make();
  EXPECT_TRUE(fs::exists(view_ / "mark")) << "tiles that would be the same are not made again";
  result_.statistics.slide_fingerprint += "0";
  EXPECT_FALSE(existing_view(result_, view_).has_value());
  result_.statistics.slide_fingerprint = core::FileIdentity(slide_).fingerprint();
  fs::last_write_time(output::label_pyramid(result_.stem), fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_FALSE(existing_view(result_, view_).has_value()) << "the raster is another";
  make();
  EXPECT_FALSE(fs::exists(view_ / "mark"));
  core::write_text_file(view_ / "view.json", "{\"identity\": 7");
  EXPECT_FALSE(existing_view(result_, view_).has_value());
}

TEST_F(DeepZoomView, FilesThatDoNotBelongTogetherAreErrors) {
  result_.statistics.frame.size.width += 200;
  EXPECT_THAT(refusal(), HasSubstr("has another size than the statistics say"));
  result_.statistics.frame.size.width -= 200;
  result_.statistics.slide_fingerprint = "1-1";
  EXPECT_THAT(refusal(), HasSubstr("has changed since it was segmented"));
  fs::remove(slide_);
  EXPECT_THAT(refusal(), HasSubstr("no longer at " + slide_.string()));
  fs::remove(output::label_pyramid(result_.stem));
  EXPECT_THAT(refusal(), HasSubstr("is not there"));
  EXPECT_FALSE(fs::exists(view_));
  for (const auto& entry : fs::directory_iterator(folder_.path())) EXPECT_NE(entry.path().extension(), ".part") << entry.path();
}

TEST_F(DeepZoomView, CancelledItLeavesNothing) {
  const core::CancelFlag cancelled{true};
  EXPECT_THROW(make_view(result_, view_, 0, cancelled), core::Cancelled);
  EXPECT_FALSE(fs::exists(view_));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::review
