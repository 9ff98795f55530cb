#include "patch_tally.hpp"

#include <numeric>

#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

using Kinds = std::map<std::string, std::size_t>;

std::size_t sum_of(const Kinds& kinds) {
  return std::accumulate(kinds.begin(), kinds.end(), std::size_t{0}, [](std::size_t sum, const auto& kind) { return sum + kind.second; });
}

std::string text_of(const std::vector<std::string>& problems, const std::string& counts) {
  std::vector<std::string> lines = core::first_lines(problems);
  if (problems.size() > 1 && !counts.empty()) lines.push_back(counts);
  for (std::string& line : lines) line = core::one_line(std::move(line));
  if (!counts.empty()) lines.back() += "; --skip-unusable leaves out what can't be used";
  return core::joined(lines, "\n");
}

}  // namespace

PatchError::PatchError(const std::vector<std::string>& problems, const std::string& counts)
    : core::Error(text_of(problems, counts)), count_(problems.size()), text_(text_of(problems, counts)) {}

std::string PatchTally::left_out() const {
  Kinds all = left_out_;
  for (const auto& [kind, count] : unusable_) all[kind] += count;
  return all.empty() ? "" : std::to_string(sum_of(all)) + " left out: " + core::counted(all);
}

void PatchTally::check(bool skip_unusable, std::size_t used) const {
  std::vector<std::string> problems = contradictions_;
  if (!skip_unusable) problems.insert(problems.end(), lines_.begin(), lines_.end());
  if (problems.empty()) return;
  const bool may_skip = !skip_unusable && !lines_.empty() && used > 0;
  throw PatchError(problems, may_skip ? std::to_string(used) + " patches, and " + std::to_string(sum_of(unusable_)) +
                                            " that can't be used: " + core::counted(unusable_)
                                      : "");
}

}  // namespace wsi_lpd::pipeline::training
