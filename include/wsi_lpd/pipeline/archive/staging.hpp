#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::archive {

struct StagingOptions {
  std::filesystem::path folder;  ///< on a local disk; it is made if it is not there
  std::uint64_t space = 0;       ///< bytes that the copies may take at any time
};

/// Copies the slides of a batch from slow storage to a local disk, one after the other, while others are segmented. The copies take at most
/// `space`; each is removed when its slide has ended. A slide is read in place, and the observer is told, when it is larger than `space`,
/// when the files of its format aren't known, when its copy fails, or when a worker would have nothing to do because slides in work take
/// all of the space. Thread-safe; the observer is also called from the thread that copies.
class Staging {
 public:
  /// Stops copying and removes all copies.
  virtual ~Staging() = default;

  struct Slide {
    std::size_t number = 0;  ///< by which the caller knows it
    segment::SlideJob job;
  };
  /// Slides to be copied, in this order, after those of earlier calls. `is_worth_it` says right before a slide is copied whether it should
  /// be: others are read in place. It is called in the thread that copies, until this object ends.
  virtual void plan(std::vector<Slide> slides, std::function<bool(const segment::SlideJob&)> is_worth_it) = 0;

  struct Next {
    std::size_t slide = 0;
    std::filesystem::path read_from{};  ///< SlideJob::read_from: the copy; empty: the slide is read in place
  };
  /// The first planned slide that can be segmented now, which the caller begins. Nothing where that must wait for a copy, or no slides are
  /// left. Where nothing that next() gave is in work, waiting for the copy takes no longer than copying.
  virtual std::optional<Next> next() = 0;
  /// Waits up to 0.2 s until next() has a slide.
  virtual void wait() = 0;
  /// A slide that next() gave has ended, well or not: removes its copy.
  virtual void ended(std::size_t slide) = 0;
};

/// Removes from the folder the copies that dead processes left (those of live ones are left alone), and makes a folder in it for the copies
/// of this process. Keeps a reference to `observer`. Starts a thread. Throws UsageError: the folder can't be made or written.
std::unique_ptr<Staging> start_staging(StagingOptions options, core::ProgressObserver& observer);

}  // namespace wsi_lpd::pipeline::archive
