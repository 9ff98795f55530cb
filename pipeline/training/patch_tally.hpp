#pragma once
// Private to pipeline/: the unusable and left-out files of a folder of patches.
#include <map>
#include <string>
#include <vector>

namespace wsi_lpd::pipeline::training {

/// A kind of PatchTally::unusable that both a folder and a table may report.
inline constexpr const char* kBrokenLink = "with a link whose target is missing";

/// Collects errors and left-out files while a folder is listed. Not thread-safe.
class PatchTally {
 public:
  /// Adds a contradiction, which is always an error.
  void refuse(std::string line) { contradictions_.push_back(std::move(line)); }
  /// Adds `count` images that can't be used as patches. `kind` follows a number: "without a label".
  void unusable(const std::string& kind, std::string line, std::size_t count = 1) {
    unusable_[kind] += count;
    lines_.push_back(std::move(line));
  }
  /// Adds `count` files that are not patches of this folder.
  void leave_out(const std::string& kind, std::size_t count = 1) { left_out_[kind] += count; }

  /// The lines of unusable images.
  const std::vector<std::string>& lines() const { return lines_; }
  /// "3 left out: 2 hidden, 1 without a label", or empty.
  std::string left_out() const;
  /// Throws PatchError if there is a contradiction or, unless `skip_unusable`, an unusable image. `used` is the number of usable images.
  void check(bool skip_unusable, std::size_t used) const;

 private:
  std::vector<std::string> contradictions_, lines_;
  std::map<std::string, std::size_t> unusable_, left_out_;
};

}  // namespace wsi_lpd::pipeline::training
