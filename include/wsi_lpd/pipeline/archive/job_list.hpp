#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::archive {

/// The slides of a batch, kept as text: a slide takes about 250 bytes, a SlideJob with the components of its paths more than 1000. An
/// element is made when it is asked for. SlideJob::read_from is not kept.
class JobList {
 public:
  JobList() = default;
  JobList(const std::vector<segment::SlideJob>& jobs) {  // NOLINT(google-explicit-constructor): a list of the same jobs
    for (const segment::SlideJob& job : jobs) push_back(job);
  }

  void push_back(const segment::SlideJob& job);
  segment::SlideJob operator[](std::size_t i) const;
  std::size_t size() const { return slides_.size(); }
  bool empty() const { return slides_.empty(); }

  class Iterator {
   public:
    Iterator(const JobList& jobs, std::size_t i) : jobs_(&jobs), i_(i) {}
    segment::SlideJob operator*() const { return (*jobs_)[i_]; }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const JobList* jobs_;
    std::size_t i_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

 private:
  struct Slide {
    std::string slide, stem;
    std::optional<double> mpp;
  };
  std::vector<Slide> slides_;
  std::map<std::size_t, std::string> failures_;
};

}  // namespace wsi_lpd::pipeline::archive
