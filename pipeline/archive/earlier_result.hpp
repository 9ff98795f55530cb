#pragma once
#include <string>

#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::archive {

/// What is in the place of a slide's results.
struct EarlierResult {
  bool is_finished = false;  ///< complete results of this very slide, model and configuration
  std::string why_again{};   ///< why such results are made again, or what results that are none are of; empty: there are none
};

/// The slide is the same if its file has the recorded size, modification time and sample. With Compare::Bytes all result files are read.
/// Throws Error: the statistics are damaged.
EarlierResult earlier_result(const segment::SlideJob& job, const segment::RunIdentity& identity,
                             output::Compare compare = output::Compare::Sizes);
/// Why complete results are made again when all their files are read and compared with what was written; empty: nothing has changed.
std::string changed_bytes(const segment::SlideJob& job, const segment::RunIdentity& identity);
/// Are there complete results of the slide? Damaged ones are none.
bool is_done(const segment::SlideJob& job, const segment::RunIdentity& identity);

}  // namespace wsi_lpd::pipeline::archive
