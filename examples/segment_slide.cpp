// Segments one slide through the library: example_segment_slide MODEL SLIDE OUTPUT_FOLDER
#include <filesystem>
#include <iostream>

#include "wsi_lpd/digest/sha256.hpp"
#include "wsi_lpd/model/runtime/device.hpp"
#include "wsi_lpd/output/statistics.hpp"
#include "wsi_lpd/pipeline/segment/lpd_segmenter.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: example_segment_slide MODEL SLIDE OUTPUT_FOLDER\n";
    return 2;
  }
  using namespace wsi_lpd;
  const std::filesystem::path slide = argv[2];
  try {
    const auto segmenter = pipeline::segment::load_lpd_segmenter(argv[1], {.device = model::runtime::resolve_device("auto")});
    pipeline::segment::SegmentOptions options;
    options.tile = segmenter->shape().patch_size;
    const pipeline::segment::SlideJob job{slide, std::filesystem::path(argv[3]) / slide.stem(), {}};
    const pipeline::segment::RunIdentity identity{argv[1], digest::sha256_of_file(argv[1]), digest::sha256_of_text("default options")};
    core::SilentObserver observer;
    const core::CancelFlag never{false};
    const output::SlideStatistics result = pipeline::segment::segment_slide(job, *segmenter, options, identity, {observer, never});
    for (std::size_t c = 0; c < result.per_class.size(); ++c) {
      std::cout << result.classes.names[c] << ": " << result.per_class[c].pixels << " pixels in " << result.per_class[c].regions
                << " regions\n";
    }
  } catch (const core::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
