#pragma once
#include "wsi_lpd/pipeline/archive/batch.hpp"

namespace wsi_lpd::pipeline::archive {

/// A batch in this process.
inline BatchReport run_here(const JobList& jobs, const std::filesystem::path& output, segment::Segmenter& segmenter,
                            const segment::SegmentOptions& options, const segment::RunIdentity& identity, const BatchOptions& batch,
                            const core::Work& work) {
  const auto runner = runner_in_this_process(segmenter, options, identity, {}, work.cancel);
  return run_batch(jobs, output, *runner, identity, batch, work);
}

}  // namespace wsi_lpd::pipeline::archive
