#pragma once
#include <gtest/gtest.h>

#include "test_data.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/pipeline/training/patch_loader.hpp"

namespace wsi_lpd::pipeline::training {

/// An image whose pixels say which image it is and where they lie.
inline core::Image marked(std::uint8_t number, std::int64_t width, std::int64_t height) {
  core::Image image(width, height, 3);
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

class MarkedPatches : public ::testing::Test {
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
    return PatchSet(std::move(patches), options, {observer_, cancel_});
  }
  testing::TemporaryFolder folder_;
  core::SilentObserver observer_;
  core::CancelFlag cancel_{false};
};

}  // namespace wsi_lpd::pipeline::training
