#include "wsi_lpd/output/same_slides.hpp"

#include <algorithm>
#include <functional>

#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::output {

void SameSlides::add(const SlideStatistics& statistics, const std::filesystem::path& stem) {
  if (statistics.slide_sample.empty()) return;
  const std::string name = stem.lexically_relative(folder_).generic_string();
  const auto [first, is_new] = first_.try_emplace(std::hash<std::string>()(statistics.slide_sample), name);
  if (!is_new) others_[first->second].push_back(name);
}

std::string SameSlides::line() const {
  if (others_.empty()) return {};
  std::vector<std::string> slides;
  for (const auto& [first, others] : others_) {
    std::vector<std::string> names = others;
    names.push_back(first);
    std::ranges::sort(names);
    slides.push_back(core::joined(names));
  }
  std::ranges::sort(slides);
  constexpr std::size_t kNamed = 3;
  const std::size_t count = slides.size();
  slides.resize(std::min(kNamed, count));
  return core::count_of(count, "slide has", "slides have") + " results under several names in " + folder_.string() + " (" +
         core::joined(slides, "; ") + (count > kNamed ? "; …" : "") +
         "): tables and reports count each of them; remove the files of the names that are not wanted";
}

}  // namespace wsi_lpd::output
