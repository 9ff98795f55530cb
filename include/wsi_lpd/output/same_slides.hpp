#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::output {

/// Finds slides that have results under several names in a folder: a copy of a slide, one that was moved or that another batch has named
/// otherwise. Slides are the same if their samples (SlideStatistics::slide_sample) are; results of versions that kept none are passed over.
/// Keeps a hash and a name for each slide. Not thread-safe.
class SameSlides {
 public:
  explicit SameSlides(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void add(const SlideStatistics& statistics, const std::filesystem::path& stem);
  /// "2 slides have results under several names in results (a, case1/a; b, case1/b): …, and what to do". Empty if there are none.
  std::string line() const;

 private:
  std::filesystem::path folder_;
  std::unordered_map<std::size_t, std::string> first_;      // of a sample's hash: the first name
  std::map<std::string, std::vector<std::string>> others_;  // of the first name
};

}  // namespace wsi_lpd::output
