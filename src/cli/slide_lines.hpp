#pragma once
// What segment and batch print of their slides.
#include <filesystem>
#include <vector>

#include "segment_options.hpp"
#include "wsi_lpd/pipeline/archive/batch.hpp"
#include "wsi_lpd/pipeline/archive/find_slides.hpp"

namespace wsi_lpd::cli {

/// Tells what was found, refuses slides that results would overwrite (UsageError), and gives all slides the µm/px of --mpp.
void prepare_jobs(pipeline::archive::FoundSlides& found, const SegmentArguments& arguments, const Context& context);

/// Prints a line for each slide, at once, and one for all in the end.
class SlideLines {
 public:
  /// `quiet`: slides that are done already have no line of their own.
  SlideLines(std::filesystem::path output, bool quiet) : output_(std::move(output)), quiet_(quiet) {}
  void print(const pipeline::archive::SlideOutcome& outcome);
  /// Returns the exit code.
  int print(const pipeline::archive::BatchReport& report, core::ProgressObserver& observer) const;

 private:
  std::filesystem::path output_;
  bool quiet_;
  std::size_t slides_ = 0, overruled_ = 0, other_ = 0;  // how --mpp or a manifest stand to what the slides say themselves
};

}  // namespace wsi_lpd::cli
