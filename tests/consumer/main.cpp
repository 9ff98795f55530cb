// Plans the tiles of a slide and names the model's classes, through installed headers and libraries alone.
#include <iostream>

#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/model/device.hpp"
#include "wsi_lpd/pipeline/segment.hpp"
#include "wsi_lpd/slide/open.hpp"

int main() {
  const wsi_lpd::Frame frame = wsi_lpd::make_frame({0, 0, 2000, 1000}, 0.25, 0.5);
  const wsi_lpd::TissueMask everything{wsi_lpd::Image(1, 1, 1, 1), frame.bounds};
  const wsi_lpd::TilePlan plan = wsi_lpd::plan_tiles(frame, everything, {});
  std::cout << plan.tiles.size() << " tiles, " << wsi_lpd::model::resolve_device("auto") << "\n";
  try {
    wsi_lpd::slide::open("/no/such/slide");
  } catch (const wsi_lpd::Error& error) {
    std::cout << error.what() << "\n";
    return plan.tiles.empty() ? 1 : 0;
  }
  return 1;
}
