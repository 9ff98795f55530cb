#pragma once
#include <algorithm>
#include <cstdlib>

#include "wsi_lpd/image/raster_writer.hpp"
#include "wsi_lpd/pipeline/segment/segmenter.hpp"

namespace wsi_lpd::testing {

/// Colours that a test slide is painted with: one per class, far apart.
inline const std::vector<core::Colour> kPaint{{200, 30, 30}, {30, 200, 30}, {30, 30, 200}};

/// A "network" that recognises the paint: the map of class c is 1 where a cell's middle pixel has its colour. With it, segmenting a painted
/// slide must give the painting back. `exact` asks for the very colour; otherwise maps are smooth functions of it.
class IdentitySegmenter : public pipeline::segment::Segmenter {
 public:
  IdentitySegmenter(int grid_stride, double mpp, bool exact = true) : exact_(exact) {
    shape_.classes = core::default_class_scheme(static_cast<int>(kPaint.size()));
    shape_.prototypes_per_class = 2;
    shape_.feature_size = 4;
    shape_.grid_stride = grid_stride;
    shape_.mpp = mpp;
  }
  const Shape& shape() const override { return shape_; }

  std::unique_ptr<pipeline::segment::TileBuffer> allocate(int count, int tile) const override {
    auto buffer = std::make_unique<Buffer>();
    buffer->bytes.resize(static_cast<std::size_t>(count) * tile * tile * 3);
    return buffer;
  }
  std::unique_ptr<Pending> submit(std::unique_ptr<pipeline::segment::TileBuffer> tiles, int count, int tile,
                                  std::span<const std::uint8_t> /*scored*/) override {
    auto work = std::make_unique<Work>();
    work->tiles = std::move(tiles);
    work->count = count;
    work->tile = tile;
    return work;
  }
  pipeline::segment::TileResults await(std::unique_ptr<Pending> pending) const override {
    Work& work = dynamic_cast<Work&>(*pending);
    const std::size_t classes = kPaint.size();
    const auto count = static_cast<std::size_t>(work.count);
    pipeline::segment::TileResults results;
    results.count = work.count;
    results.scores.assign(count * classes, 1);
    results.prototypes.assign(count * classes * 2, 1);
    results.features.assign(count * 4, 1);
    for (std::size_t b = 0; b < count; ++b) {
      const std::uint8_t* tile = work.tiles->data() + b * static_cast<std::size_t>(work.tile) * work.tile * 3;
      for (const core::Colour& paint : kPaint) {
        for (int y = shape_.grid_stride / 2; y < work.tile; y += shape_.grid_stride) {
          for (int x = shape_.grid_stride / 2; x < work.tile; x += shape_.grid_stride)
            results.maps.push_back(likeness(tile + (y * work.tile + x) * 3, paint));
        }
      }
    }
    return results;
  }

 private:
  struct Buffer : pipeline::segment::TileBuffer {
    std::vector<std::uint8_t> bytes;
    std::uint8_t* data() override { return bytes.data(); }
  };
  struct Work : Pending {
    std::unique_ptr<pipeline::segment::TileBuffer> tiles;
    int count = 0, tile = 0;
  };
  float likeness(const std::uint8_t* pixel, const core::Colour& paint) const {
    const int distance = std::abs(pixel[0] - paint.red) + std::abs(pixel[1] - paint.green) + std::abs(pixel[2] - paint.blue);
    return exact_ ? static_cast<float>(distance <= 3) : std::max(0.0F, 1.0F - static_cast<float>(distance) / 500.0F);
  }

  Shape shape_;
  bool exact_;
};

/// Writes an RGB slide (deflate, a pyramid where it is large) whose pixel (x, y) is `colour_at(x, y)`.
template <class ColourAt>
void write_slide(const std::filesystem::path& path, core::Size size, double mpp, ColourAt colour_at, bool jpeg = false) {
  image::PyramidOptions options;
  options.mpp = mpp;
  options.tile = 256;
  if (jpeg) options.compression = image::PyramidOptions::Compression::Jpeg;
  image::RasterWriter writer(path, size, 3, options);
  std::vector<std::uint8_t> row(static_cast<std::size_t>(size.width) * 3);
  for (std::int64_t y = 0; y < size.height; ++y) {
    for (std::int64_t x = 0; x < size.width; ++x) {
      const core::Colour colour = colour_at(x, y);
      row[static_cast<std::size_t>(x) * 3] = colour.red;
      row[static_cast<std::size_t>(x) * 3 + 1] = colour.green;
      row[static_cast<std::size_t>(x) * 3 + 2] = colour.blue;
    }
    writer.add_rows(row.data(), 1);
  }
  writer.finish();
}

}  // namespace wsi_lpd::testing
