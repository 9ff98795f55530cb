#pragma once
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/archive/job_list.hpp"

namespace wsi_lpd::pipeline::archive {

/// What a batch would do with a slide.
struct PlannedSlide {
  enum class Kind { ToDo, AlreadyDone, Elsewhere, CannotBeOpened };
  Kind kind = Kind::ToDo;
  segment::SlideJob job;
  double bytes = 0;      ///< of the slide's file and, if the format keeps its pixels there, of the folder beside it
  std::string reason{};  ///< CannotBeOpened: the error; Elsewhere: the process that works on it
};

struct BatchPlan {
  std::vector<PlannedSlide> slides;  ///< the largest first, as run_batch() takes them
  /// Time of one worker for all slides to be done, by the bytes and times of complete slides in the output folder. Nothing without such.
  std::optional<double> seconds{};
  std::size_t measured = 0;  ///< complete slides that the time is estimated from
};

/// What run_batch() would do with these `force` and `verify`. Opens every slide that is to be done, loads no model, writes nothing. Throws
/// Cancelled.
BatchPlan plan_batch(const JobList& jobs, const std::filesystem::path& output, const segment::RunIdentity& identity, bool force,
                     bool verify, const core::Work& work);

}  // namespace wsi_lpd::pipeline::archive
