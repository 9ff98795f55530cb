#include "wsi_lpd/pipeline/segment/slide_stain.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

// Many small windows are worth more than few large ones, as stain changes over a slide. Measured against all pixels of two slides with some
// 500 tiles of tissue: mean error of the vectors below 1 degree, of the concentrations below 6 %. Half the windows: 1.8 degrees, 12 %. A
// thumbnail of 2048 pixels, which mixes neighbours: 2.2 degrees, 20 %. On a slide of 100 tiles the windows are off by 3 degrees.
constexpr std::size_t kWindows = 512;
constexpr int kWindowSide = 64;
constexpr std::int64_t kWindowStep = 2;

core::StainSample window(const slide::FrameReader& reader, const core::TilePlan& plan, const core::Tile& tile) {
  const int side = std::min(kWindowSide, plan.tile), margin = (plan.tile - side) / 2;
  core::Image pixels(side, side, 3);
  core::StainSample sample;
  try {
    reader.read({tile.x + margin, tile.y + margin, side, side}, pixels.view());
    sample.add(pixels.view(), kWindowStep);
  } catch (const slide::ReadError&) {  // will be found, counted and reported when the tile is read
  }
  return sample;
}

}  // namespace

std::optional<core::StainNormaliser> stain_normaliser(const slide::FrameReader& reader, const core::TilePlan& plan,
                                                      core::StainMethod method, const core::StainStatistics& target,
                                                      output::StainRecord& record, const core::CancelFlag& cancel) {
  record = {};
  record.method = method;
  if (method == core::StainMethod::None) return {};
  if (method == core::StainMethod::Macenko) record.target.macenko = target.macenko;
  if (method == core::StainMethod::Reinhard) record.target.reinhard = target.reinhard;
  std::vector<core::StainSample> windows(std::min(kWindows, plan.tiles.size()));
  tbb::parallel_for(std::size_t{0}, windows.size(), [&](std::size_t i) {
    core::check(cancel);
    windows[i] = window(reader, plan, plan.tiles[i * plan.tiles.size() / windows.size()]);
  });
  core::StainSample sample;
  for (const core::StainSample& part : windows) sample.add(part);
  try {
    record.slide = sample.statistics(method);
    return core::StainNormaliser(method, record.slide, record.target);
  } catch (const core::Error& error) {
    record.problem = error.what();
    return {};
  }
}

}  // namespace wsi_lpd::pipeline::segment
