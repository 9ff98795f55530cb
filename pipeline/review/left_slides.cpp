#include "left_slides.hpp"

#include <set>
#include <string_view>

namespace wsi_lpd::pipeline::review {

std::vector<std::string> incomplete_slides(const output::ResultFolder& folder) {
  std::vector<std::string> slides;
  std::set<std::string_view> complete;
  for (const output::CompleteResult& result : folder.complete) complete.insert(result.statistics.slide);
  for (const auto& [slide, reason] : folder.failed)
    if (!complete.contains(slide)) slides.push_back(slide);
  for (const output::SlideInWork& slide : folder.in_work) slides.push_back(slide.stem.string());
  for (const output::UnfinishedResult& slide : folder.unfinished) slides.push_back(slide.stem.string());
  return slides;
}

std::map<std::string, std::string> damaged_results(const output::ResultFolder& folder) {
  std::map<std::string, std::string> reasons;
  for (const output::DamagedFile& file : folder.damaged)
    if (file.file.extension() == ".json") reasons[file.file.string()] = file.reason;
  return reasons;
}

}  // namespace wsi_lpd::pipeline::review
