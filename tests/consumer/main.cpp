// Plans the tiles of a slide and names the model's classes, through installed headers and libraries alone.
#include <iostream>

#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/model/runtime/device.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/slide/open.hpp"

int main() {
  const wsi_lpd::core::Frame frame = wsi_lpd::core::make_frame({0, 0, 2000, 1000}, 0.25, 0.5);
  const wsi_lpd::core::TissueMask everything{wsi_lpd::core::Image(1, 1, 1, 1), frame.bounds};
  const wsi_lpd::core::TilePlan plan = wsi_lpd::core::plan_tiles(frame, everything, {});
  std::cout << plan.tiles.size() << " tiles, " << wsi_lpd::model::runtime::resolve_device("auto") << "\n";
  try {
    wsi_lpd::slide::open("/no/such/slide");
  } catch (const wsi_lpd::core::Error& error) {
    std::cout << error.what() << "\n";
    return plan.tiles.empty() ? 1 : 0;
  }
  return 1;
}
