// Slides with known truth: painted tissue, and what scanners and people add to it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "test_data.hpp"
#include "wsi_lpd/slide/tissue.hpp"
#include "wsi_lpd/synth/tissue_painter.hpp"

namespace wsi_lpd::slide {
namespace {

constexpr std::int64_t kSide = 512;
constexpr double kMpp = 4;

/// A thumbnail and what is tissue on it: 1, else 0.
struct Scene {
  core::Image rgb, truth;
};

Scene painted(std::uint64_t seed, double tissue_fraction = 0.5) {
  constexpr std::int64_t kFactor = 2;
  const synth::TissuePainter painter({kFactor * kSide, kFactor * kSide},
                                     {.seed = seed, .mpp = kMpp / kFactor, .tissue_fraction = tissue_fraction, .stain_variation = 1});
  core::Image rgb(kFactor * kSide, kFactor * kSide, 3), classes(kFactor * kSide, kFactor * kSide, 1);
  painter.paint({0, 0, kFactor * kSide, kFactor * kSide}, rgb.view(), classes.view());
  Scene scene{core::Image(kSide, kSide, 3), core::Image(kSide, kSide, 1)};
  core::resample_area(rgb.view(), 0, 0, kFactor, kFactor, scene.rgb.view());
  for (std::int64_t y = 0; y < kSide; ++y) {
    for (std::int64_t x = 0; x < kSide; ++x)
      *scene.truth.at(x, y) = *classes.at(x * kFactor + kFactor / 2, y * kFactor + kFactor / 2) != synth::TissuePainter::kGlass;
  }
  return scene;
}

/// Light passes through `ink` and what lies below it: both absorb. `where` gives how much of the ink covers a pixel, 0…1.
core::Image laid_over(const Scene& scene, core::Colour ink, const std::function<double(double, double)>& where) {
  core::Image rgb = scene.rgb;
  const double through[3] = {ink.red / 255.0, ink.green / 255.0, ink.blue / 255.0};
  for (std::int64_t y = 0; y < kSide; ++y) {
    for (std::int64_t x = 0; x < kSide; ++x) {
      const double cover = where(static_cast<double>(x), static_cast<double>(y));
      for (int c = 0; c < 3; ++c)
        rgb.at(x, y)[c] = static_cast<std::uint8_t>(std::lround(rgb.at(x, y)[c] * (1 - cover + cover * through[c])));
    }
  }
  return rgb;
}

/// A wavy stroke of a pen, 22 pixels wide with soft edges, across the picture at the height `at`.
double stroke(double x, double y, double at) {
  const double distance = std::abs(y - at - 30 * std::sin(x / 40));
  return std::clamp(11.5 - distance, 0.0, 1.0);
}

struct Score {
  double iou = 0, recall = 0;
};
/// Of where `is_found` against where `truth` is 1.
Score score(const core::Image& parts, const std::function<bool(core::Part)>& is_found, const core::Image& truth) {
  double both = 0, either = 0, true_pixels = 0;
  for (std::size_t i = 0; i < parts.bytes(); ++i) {
    const bool found = is_found(static_cast<core::Part>(parts.data()[i])), is = truth.data()[i] != 0;
    both += found && is, either += found || is, true_pixels += is;
  }
  return {both / either, both / true_pixels};
}
Score score(const core::Image& parts, core::Part part, const core::Image& truth) {
  return score(
      parts, [=](core::Part found) { return found == part; }, truth);
}
/// Ink may be black, and what tissue or the picture's edge leaves of a stroke may be too small to be more than debris.
bool is_out(core::Part part) { return part == core::Part::Ink || part == core::Part::Black || part == core::Part::Debris; }

/// What is tissue and not covered; and what is covered.
void split(Scene& scene, core::Image& covered, const std::function<double(double, double)>& where) {
  covered = core::Image(kSide, kSide, 1);
  for (std::int64_t y = 0; y < kSide; ++y) {
    for (std::int64_t x = 0; x < kSide; ++x) {
      if (where(static_cast<double>(x), static_cast<double>(y)) < 0.5) continue;
      *covered.at(x, y) = 1;
      *scene.truth.at(x, y) = 0;
    }
  }
}

/// Where it is 8 pixels and more to tissue.
std::function<double(double, double)> only_on_glass(const Scene& scene, const std::function<double(double, double)>& where) {
  return [&scene, where](double x, double y) {
    for (int j = -8; j <= 8; j += 4) {
      for (int i = -8; i <= 8; i += 4) {
        const auto column = static_cast<std::int64_t>(x) + i, row = static_cast<std::int64_t>(y) + j;
        if (column >= 0 && row >= 0 && column < kSide && row < kSide && *scene.truth.at(column, row)) return 0.0;
      }
    }
    return where(x, y);
  };
}

double strokes(double x, double y) { return std::max(stroke(x, y, 120), stroke(x, y, 380)); }

TEST(ForeignMatter, InkIsFoundOnGlass) {
  for (const core::Colour ink : {core::Colour{40, 60, 180}, core::Colour{50, 120, 190}, core::Colour{30, 110, 60}, core::Colour{12, 12, 14},
                                 core::Colour{200, 30, 40}}) {
    for (const std::uint64_t seed : {1, 2, 3}) {
      const Scene scene = painted(seed);
      const auto where = only_on_glass(scene, strokes);
      const core::Image parts = find_parts(laid_over(scene, ink, where), kMpp);
      Scene rest = scene;
      core::Image covered;
      split(rest, covered, where);
      EXPECT_GT(score(parts, is_out, covered).recall, 0.85) << core::to_string(ink) << " seed " << seed;
      EXPECT_GT(score(parts, core::Part::Tissue, rest.truth).iou, 0.9) << core::to_string(ink) << " seed " << seed;
    }
  }
}

// Violet-blue ink that lets tissue shine through has haematoxylin's hue there, and stays tissue; so does red ink.
TEST(ForeignMatter, BlueGreenAndBlackInkIsFoundOnTissue) {
  for (const core::Colour ink : {core::Colour{50, 120, 190}, core::Colour{30, 110, 60}, core::Colour{12, 12, 14}}) {
    for (const std::uint64_t seed : {1, 2, 3}) {
      Scene scene = painted(seed);
      const core::Image parts = find_parts(laid_over(scene, ink, strokes), kMpp);
      core::Image covered;
      split(scene, covered, strokes);
      EXPECT_GT(score(parts, is_out, covered).recall, 0.9) << core::to_string(ink) << " seed " << seed;
      EXPECT_GT(score(parts, core::Part::Tissue, scene.truth).iou, 0.85) << core::to_string(ink) << " seed " << seed;
    }
  }
}

TEST(ForeignMatter, BlackBordersAreNotTissue) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    Scene scene = painted(seed);
    const auto where = [](double x, double y) { return x < 40 || y > kSide - 60 || (x > 300 && y < 90) ? 1.0 : 0.0; };
    const core::Image parts = find_parts(laid_over(scene, {3, 3, 3}, where), kMpp);
    core::Image covered;
    split(scene, covered, where);
    EXPECT_GT(score(parts, core::Part::Black, covered).iou, 0.95) << "seed " << seed;
    EXPECT_GT(score(parts, core::Part::Tissue, scene.truth).iou, 0.9) << "seed " << seed;
  }
}

TEST(ForeignMatter, FadedStainIsStillTissue) {
  for (const double strength : {0.5, 0.25}) {
    for (const std::uint64_t seed : {1, 2, 3}) {
      Scene scene = painted(seed);
      for (std::size_t i = 0; i < scene.rgb.bytes(); ++i) {
        const double light = 243;
        scene.rgb.data()[i] =
            static_cast<std::uint8_t>(std::lround(light * std::pow(std::min(1.0, scene.rgb.data()[i] / light), strength)));
      }
      const Score found = score(find_parts(scene.rgb, kMpp), core::Part::Tissue, scene.truth);
      EXPECT_GT(found.recall, 0.95) << strength << " seed " << seed;
      EXPECT_GT(found.iou, 0.9) << strength << " seed " << seed;
    }
  }
}

TEST(ForeignMatter, DarkAndYellowScansAreStillTissueAndGlass) {
  for (const core::Colour lamp : {core::Colour{128, 128, 128}, core::Colour{250, 245, 215}, core::Colour{100, 98, 90}}) {
    for (const std::uint64_t seed : {1, 2, 3}) {
      Scene scene = painted(seed);
      scene.rgb = laid_over(scene, lamp, [](double, double) { return 1.0; });
      EXPECT_GT(score(find_parts(scene.rgb, kMpp), core::Part::Tissue, scene.truth).iou, 0.92) << core::to_string(lamp) << " seed " << seed;
    }
  }
}

TEST(ForeignMatter, FatIsTissue) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    // Membranes of fat cells, 100 µm wide in a bent hexagonal lattice, on a disc of 1.2 mm in glass.
    Scene scene = painted(seed, 0.05);
    constexpr double kCell = 100 / kMpp, kRadius = 150;
    const auto inside = [](double x, double y) { return std::hypot(x - 256, y - 256) < kRadius; };
    scene.rgb = laid_over(scene, {205, 150, 190}, [&](double x, double y) {
      if (!inside(x, y)) return 0.0;
      if (std::hypot(x - 256, y - 256) > kRadius - 2.5) return 1.0;
      const double u = x + 4 * std::sin(y / 21), v = y + 4 * std::sin(x / 17);
      double first = 1e9, second = 1e9;  // distances to the two nearest centres
      for (int j = -1; j <= 1; ++j) {
        for (int i = -1; i <= 1; ++i) {
          const double row = std::round(v / (kCell * 0.866)) + j;
          const double offset = std::fmod(std::abs(row), 2) * kCell / 2;
          const double distance = std::hypot(u - (std::round((u - offset) / kCell) + i) * kCell - offset, v - row * kCell * 0.866);
          if (distance < first)
            second = std::exchange(first, distance);
          else
            second = std::min(second, distance);
        }
      }
      return std::clamp(2 - (second - first) / 2, 0.0, 1.0);
    });
    for (std::int64_t y = 0; y < kSide; ++y) {
      for (std::int64_t x = 0; x < kSide; ++x) *scene.truth.at(x, y) |= inside(static_cast<double>(x), static_cast<double>(y));
    }
    const Score found = score(find_parts(scene.rgb, kMpp), core::Part::Tissue, scene.truth);
    EXPECT_GT(found.iou, 0.93) << "seed " << seed;
  }
}

}  // namespace
}  // namespace wsi_lpd::slide
