#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::segment {

/// How fast this machine segments a slide, and what it spends the time on.
struct MachineSpeed {
  /// A stage of the run: the time of its threads, summed.
  struct Stage {
    std::string name;
    double thread_seconds = 0;
  };
  /// Threads that only read tiles, in the order of a run, of a file that the system's cache did not hold at the start.
  struct Reading {
    int threads = 1;
    double tiles_per_second = 0;
  };
  std::int64_t tiles = 0;
  int threads = 0;
  double mpp = 0;         ///< µm/px of the tiles
  double square_mm = 0;   ///< tissue, mm²
  double seconds = 0;     ///< of the run, wall time
  std::string precision;  ///< number format of the encoder, as in SlideStatistics
  std::vector<Stage> stages{};
  std::vector<Reading> reading{};

  /// Tiles that one thread reads in a second of the run.
  double read_by_one() const;
  double tiles_per_second() const { return seconds > 0 ? static_cast<double>(tiles) / seconds : 0; }
  /// Threads that read as many tiles as the whole run needs.
  int readers() const;
  /// The stage that takes most of the time.
  const Stage& largest() const;
};

/// Segments `slide` into `folder`, which must exist, and reads it once more with 1, 2, 4 … threads, up to twice those of the run, for at
/// most two seconds each. The results stay in `folder`. Effects on the process and exceptions are those of segment_slide(). Not
/// thread-safe.
MachineSpeed measure_machine(const std::filesystem::path& slide, const std::filesystem::path& folder, Segmenter& segmenter,
                             const SegmentOptions& options, const core::Work& work);

}  // namespace wsi_lpd::pipeline::segment
