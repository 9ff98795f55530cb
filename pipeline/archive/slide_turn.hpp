#pragma once
#include "wsi_lpd/pipeline/archive/slide_runner.hpp"

namespace wsi_lpd::pipeline::archive {

/// A slide's turn in a batch: takes its lock, removes what an earlier process left of it, segments it. A slide that is complete meanwhile
/// is skipped, unless `force`. A slide that another process works on, or takes over, is left to it. Errors are the slide's failure; throws
/// Cancelled, and std::bad_alloc when `segmenter` or a library runs out of memory.
SlideOutcome take_turn(const segment::SlideJob& job, bool force, segment::Segmenter& segmenter, const segment::SegmentOptions& options,
                       const segment::RunIdentity& identity, const core::LockTimes& lock, SlideObserver& observer,
                       const core::CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline::archive
