#include "terminal.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::cli {
namespace {

constexpr auto kBarInterval = std::chrono::milliseconds(100);
constexpr auto kLineInterval = std::chrono::seconds(15);

std::string clock_text(double seconds) {
  const auto s = static_cast<std::int64_t>(std::llround(seconds));
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

}  // namespace

Terminal::Terminal(const CommonOptions& options) : bar_(isatty(STDERR_FILENO) && !options.quiet), quiet_(options.quiet) {
  auto screen = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  screen->set_pattern("%^%l%$: %v");
  screen->set_level(options.quiet ? spdlog::level::warn : options.verbose ? spdlog::level::debug : spdlog::level::info);
  std::vector<spdlog::sink_ptr> sinks{screen};
  if (!options.log_file.empty()) {
    try {
      auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.log_file);
      file->set_pattern("%Y-%m-%d %H:%M:%S.%e %l: %v");
      file->set_level(options.verbose ? spdlog::level::debug : spdlog::level::info);
      sinks.push_back(file);
    } catch (const spdlog::spdlog_ex&) {
      throw core::UsageError("--log-file " + options.log_file + ": can't be opened for writing");
    }
  }
  log_ = std::make_shared<spdlog::logger>("wsi-lpd", sinks.begin(), sinks.end());
  log_->set_level(spdlog::level::debug);
  log_->flush_on(spdlog::level::info);
}

Terminal::~Terminal() { clear_bar(); }

void Terminal::begin(const std::string& what, std::int64_t total, const std::string& unit) {
  const std::lock_guard lock(mutex_);
  what_ = core::one_line(what);
  total_ = total;
  unit_ = unit;
  note_.clear();
  done_ = 0;
  running_ = true;
  start_ = last_shown_ = Clock::now();
  if (bar_) {
    draw_bar();
  } else if (!quiet_) {
    log_->info("{}", total > 0 ? fmt::format("{}: {} {}", what_, total, unit) : what_);
  }
}

void Terminal::advance(std::int64_t done, const std::string& note) {
  const std::lock_guard lock(mutex_);
  done_ = std::max(done_, done);
  note_ = note;
  const auto now = Clock::now();
  if (now - last_shown_ < (bar_ ? Clock::duration(kBarInterval) : Clock::duration(kLineInterval)) || quiet_) return;
  last_shown_ = now;
  if (bar_) {
    draw_bar();
  } else {
    log_->info("{}", at_.empty() ? stage_text() : stage_text() + "; " + overall_text());
  }
}

void Terminal::end() {
  const std::lock_guard lock(mutex_);
  if (!running_) return;
  running_ = false;
  clear_bar();
  if (total_ > 0 && done_ > 0) {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    log_->info("{}: {} {} in {}, {:.1f} {}/s", what_, done_, unit_, clock_text(seconds),
               static_cast<double>(done_) / std::max(seconds, 1e-9), unit_);
  }
}

void Terminal::info(const std::string& line) {
  const std::lock_guard lock(mutex_);
  clear_bar();
  log_->info("{}", core::one_line(line));
}

void Terminal::warn(const std::string& line) {
  const std::lock_guard lock(mutex_);
  clear_bar();
  log_->warn("{}", core::one_line(line));
}

void Terminal::error(const std::string& text) {
  const std::lock_guard lock(mutex_);
  clear_bar();
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) log_->error("{}", core::one_line(line));
}

void Terminal::overall(const std::string& at, double share, std::optional<double> seconds_left) {
  const std::lock_guard lock(mutex_);
  at_ = core::one_line(at);
  share_ = std::clamp(share, 0.0, 1.0);
  seconds_left_ = seconds_left;
}

std::string Terminal::stage_text() const {
  if (total_ <= 0) return what_;
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  std::string text = fmt::format("{}: {}/{} {}", what_, done_, total_, unit_);
  if (done_ > 0) {
    const double rate = static_cast<double>(done_) / std::max(seconds, 1e-9);
    text += fmt::format(", {:.1f}/s", rate);
    if (at_.empty()) text += ", ETA " + clock_text(static_cast<double>(total_ - done_) / rate);
  }
  return note_.empty() ? text : text + ", " + note_;
}

std::string Terminal::overall_text() const {
  return at_ + fmt::format(", {:.0f}% of the work", std::floor(100 * share_)) +
         (seconds_left_ ? ", ETA " + clock_text(*seconds_left_) : "");
}

void Terminal::draw_bar() {
  winsize window{};
  const int columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
  const bool has_bar = total_ > 0 || (!at_.empty() && share_ > 0);
  std::string text = stage_text() + (total_ > 0 ? "" : " …");
  if (!at_.empty()) text = at_ + (seconds_left_ ? ", ETA " + clock_text(*seconds_left_) : "") + " | " + text;
  const int room = std::min(30, columns - static_cast<int>(text.size()) - 10);
  if (has_bar && room >= 5) {
    const double share = at_.empty() ? static_cast<double>(done_) / static_cast<double>(total_) : share_;
    const auto full = static_cast<std::size_t>(room * share);
    text = fmt::format("[{}{}] {:3.0f}% ", std::string(full, '#'), std::string(static_cast<std::size_t>(room) - full, '.'),
                       std::floor(100 * share)) +
           text;
  }
  std::fprintf(stderr, "\r\x1b[K%.*s", columns - 1, text.c_str());
  std::fflush(stderr);
  bar_drawn_ = true;
}

void Terminal::clear_bar() {
  if (!bar_drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  bar_drawn_ = false;
}

}  // namespace wsi_lpd::cli
