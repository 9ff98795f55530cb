#include "wsi_lpd/pipeline/segment/machine_speed.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include "stream_tiles.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/open.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using Clock = std::chrono::steady_clock;

/// Asks the system to forget what it holds of a file. It may keep it, as where the file is in memory only.
void forget_cached(const std::filesystem::path& file) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  close(descriptor);
}

/// Tiles a second that `threads` read.
double reading_speed(const std::filesystem::path& slide, const core::Frame& frame, int tile, std::int64_t stride, int threads,
                     const core::Work& work) {
  constexpr std::chrono::seconds kLongest{2};
  forget_cached(slide);
  const auto reader = slide::open(slide);
  const slide::FrameReader tiles(*reader, frame);
  const std::int64_t columns = std::max<std::int64_t>(1, frame.size.width / stride),
                     rows = std::max<std::int64_t>(1, frame.size.height / stride);
  std::atomic<std::int64_t> next{0}, done{0};
  const auto start = Clock::now();
  const auto read = [&] {
    core::Image image(tile, tile, 3);
    for (std::int64_t i = next++; i < columns * rows && Clock::now() - start < kLongest && !work.cancel; i = next++) {
      try {
        tiles.read({i % columns * stride, i / columns * stride, tile, tile}, image.view());
      } catch (const slide::ReadError&) {  // takes its time, too
      }
      ++done;
    }
  };
  std::vector<std::jthread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(read);
  read();
  others.clear();
  return static_cast<double>(done) / std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

double MachineSpeed::read_by_one() const {
  const auto read = std::ranges::find(stages, "read", &Stage::name);
  return read != stages.end() && read->thread_seconds > 0 ? static_cast<double>(tiles) / read->thread_seconds : 0;
}

int MachineSpeed::readers() const {
  return read_by_one() > 0 ? std::max(1, static_cast<int>(std::ceil(tiles_per_second() / read_by_one()))) : 1;
}

const MachineSpeed::Stage& MachineSpeed::largest() const { return *std::ranges::max_element(stages, {}, &Stage::thread_seconds); }

MachineSpeed measure_machine(const std::filesystem::path& slide, const std::filesystem::path& folder, Segmenter& segmenter,
                             const SegmentOptions& options, const core::Work& work) {
  const output::SlideStatistics statistics = segment_slide({slide, folder / slide.stem(), {}}, segmenter, options, {}, work);
  const double mpp = statistics.frame.mpp;
  const auto stride = static_cast<std::int64_t>(std::llround(options.tile * (1 - options.overlap)));
  MachineSpeed speed{.tiles = statistics.tiles_planned,
                     .threads = thread_count(options),
                     .mpp = mpp,
                     .square_mm = static_cast<double>(statistics.tissue_pixels) * mpp * mpp * 1e-6,
                     .seconds = statistics.seconds.at("total"),
                     .precision = statistics.precision};
  for (const auto& [name, stage] : {std::pair{"tissue", "tissue"},
                                    {"precision", "precision"},
                                    {"presence", "presence"},
                                    {"read", "read"},
                                    {"forward", "forward"},
                                    {"blend", "accumulate"},
                                    {"write", "write"}})
    if (const auto found = statistics.seconds.find(stage); found != statistics.seconds.end()) speed.stages.push_back({name, found->second});
  for (int threads = 1; threads <= 2 * speed.threads; threads *= 2) {
    core::check(work.cancel);
    speed.reading.push_back(
        {threads, reading_speed(slide, statistics.frame, options.tile, std::max<std::int64_t>(1, stride), threads, work)});
  }
  return speed;
}

}  // namespace wsi_lpd::pipeline::segment
