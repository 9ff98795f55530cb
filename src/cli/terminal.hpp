#pragma once
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "command.hpp"

namespace spdlog {
class logger;
}

namespace wsi_lpd::cli {

/// Log lines and progress on stderr: a bar with rate and ETA on a terminal, a plain line every so often elsewhere. Thread-safe.
class Terminal : public core::ProgressObserver {
 public:
  /// Throws UsageError when the log file can't be opened.
  explicit Terminal(const CommonOptions& options);
  ~Terminal() override;

  void begin(const std::string& what, std::int64_t total, const std::string& unit) override;
  void advance(std::int64_t done, const std::string& note) override;
  void end() override;
  void overall(const std::string& at, double share, std::optional<double> seconds_left) override;
  void info(const std::string& line) override;
  void warn(const std::string& line) override;
  /// One line for each line of `text`.
  void error(const std::string& text) override;

 private:
  using Clock = std::chrono::steady_clock;
  std::string stage_text() const;
  std::string overall_text() const;
  void draw_bar();
  void clear_bar();

  std::shared_ptr<spdlog::logger> log_;
  std::mutex mutex_;
  bool bar_;  // stderr is a terminal that somebody looks at
  bool bar_drawn_ = false;
  bool quiet_;
  std::string what_, unit_, note_;
  std::int64_t total_ = 0, done_ = 0;
  std::string at_;  // in longer work, which the stage is part of; empty where there is none
  double share_ = 0;
  std::optional<double> seconds_left_;
  bool running_ = false;
  Clock::time_point start_, last_shown_;
};

}  // namespace wsi_lpd::cli
