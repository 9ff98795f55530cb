#pragma once
// Private to pipeline/: what a folder of patches holds beside usable images.
#include <map>
#include <string>
#include <vector>

namespace wsi_lpd::pipeline::training {

/// The kind of PatchTally::unusable that a folder and a table may both find.
inline constexpr const char* kBrokenLink = "with a link whose target is missing";

/// Collects what is wrong and what is left out while a folder is listed.
class PatchTally {
 public:
  /// What contradicts itself: it is never passed over.
  void refuse(std::string line) { contradictions_.push_back(std::move(line)); }
  /// `count` images that were meant as patches and can't be. `kind` follows a number: "without a label".
  void unusable(const std::string& kind, std::string line, std::size_t count = 1) {
    unusable_[kind] += count;
    lines_.push_back(std::move(line));
  }
  /// Files that are no patches of this folder.
  void leave_out(const std::string& kind, std::size_t count = 1) { left_out_[kind] += count; }

  /// The lines of images that can't be used.
  const std::vector<std::string>& lines() const { return lines_; }
  /// "3 left out: 2 hidden, 1 without a label", or empty.
  std::string left_out() const;
  /// Throws PatchError where there is a contradiction or, unless they are skipped, an image that can't be used. `used` is the number of
  /// images that can.
  void check(bool skip_unusable, std::size_t used) const;

 private:
  std::vector<std::string> contradictions_, lines_;
  std::map<std::string, std::size_t> unusable_, left_out_;
};

}  // namespace wsi_lpd::pipeline::training
