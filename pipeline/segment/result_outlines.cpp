#include "result_outlines.hpp"

#include <algorithm>
#include <cmath>

#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/image/raster_writer.hpp"
#include "wsi_lpd/output/geojson.hpp"
#include "wsi_lpd/raster/outlines.hpp"

namespace wsi_lpd::pipeline::segment {

void write_outlines(const std::filesystem::path& pyramid, const std::filesystem::path& geojson, const core::Frame& frame,
                    const core::ClassScheme& classes, const SegmentOptions& options) {
  const auto last = static_cast<int>(image::pyramid_sizes(frame.size).size()) - 1;
  const int wanted = frame.mpp > 0 ? static_cast<int>(std::lround(std::log2(options.geojson_mpp / frame.mpp))) : 3;
  const int level = std::clamp(wanted, 0, last);
  const auto pixel = static_cast<double>(std::int64_t{1} << level);  // output pixels
  const double area = pixel * frame.mpp * pixel * frame.mpp;         // µm²
  const auto min_pixels = area > 0 ? static_cast<std::int64_t>(std::ceil(options.geojson_min_area / area)) : 0;

  const auto reader = image::LabelReader::open(pyramid, level);
  output::GeoJsonFile file(geojson, frame, classes, pixel);
  raster::OutlineTracer tracer({reader->size(), pixel, static_cast<double>(frame.size.width), static_cast<double>(frame.size.height)},
                               classes.count(), min_pixels, [&](const raster::Outline& outline) { file.add(outline); });
  std::vector<std::uint8_t> row(static_cast<std::size_t>(reader->size().width));
  for (std::int64_t y = 0; y < reader->size().height; ++y) {
    reader->next_row(row.data());
    tracer.add_row(row);
  }
  tracer.finish();
  file.finish();
}

}  // namespace wsi_lpd::pipeline::segment
