#include "wsi_lpd/pipeline/archive/job_list.hpp"

namespace wsi_lpd::pipeline::archive {

void JobList::push_back(const segment::SlideJob& job) {
  if (!job.failure.empty()) failures_[slides_.size()] = job.failure;
  slides_.push_back({job.slide.string(), job.stem.string(), job.mpp});
}

segment::SlideJob JobList::operator[](std::size_t i) const {
  const Slide& slide = slides_[i];
  const auto failure = failures_.find(i);
  return {slide.slide, slide.stem, slide.mpp, failure == failures_.end() ? std::string() : failure->second};
}

}  // namespace wsi_lpd::pipeline::archive
