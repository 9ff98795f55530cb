#pragma once
#include <mutex>
#include <string>
#include <vector>

#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::testing {

/// Keeps what a user would read.
class HeardLines : public core::SilentObserver {
 public:
  void info(const std::string& line) override { add(infos, line); }
  void warn(const std::string& line) override { add(warnings, line); }
  std::vector<std::string> infos, warnings;

 private:
  void add(std::vector<std::string>& lines, const std::string& line) {
    const std::lock_guard lock(mutex_);
    lines.push_back(line);
  }
  std::mutex mutex_;
};

}  // namespace wsi_lpd::testing
