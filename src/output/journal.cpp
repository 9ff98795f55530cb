#include "wsi_lpd/output/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "result_walk.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/core/utf8.hpp"

namespace wsi_lpd::output {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "wsi-lpd journal";
constexpr const char* kEnding = ".jsonl";

std::string text_of(const Json& json, int indent = -1) { return core::json_text(json, indent) + "\n"; }

fs::path lock_of(const fs::path& journal) { return fs::path(journal).replace_extension(".lock"); }

Json json_of(const RunRecord& run) {
  return {{"version", run.version},
          {"host", run.host},
          {"pid", run.pid},
          {"started", run.started},
          {"arguments", run.arguments},
          {"model", run.model_path},
          {"model_sha256", run.model_sha256},
          {"configuration_sha256", run.configuration_sha256}};
}

RunRecord run_of(const Json& json) {
  RunRecord run{json.at("version"), json.at("arguments"), json.at("model"), json.at("model_sha256"), json.at("configuration_sha256")};
  run.host = json.at("host");
  run.pid = json.at("pid");
  run.started = json.at("started");
  return run;
}

/// One line of a journal.
void take(RunState& state, const Json& line) {
  const std::string event = line.at("event");
  const std::int64_t time = line.at("time");
  if (event == "plan") {
    state.slides = line.at("slides");
    state.already_done = line.at("already_done");
  } else if (event == "taken") {
    state.in_work[core::bytes_of_utf8(line.at("slide").get<std::string>())] = time;
  } else if (event == "progress") {
    state.share = line.at("share");
    state.seconds_left = line.contains("seconds_left") ? std::optional<double>(line["seconds_left"]) : std::nullopt;
    state.progress_at = time;
  } else if (event == "ended") {
    state.in_work.erase(core::bytes_of_utf8(line.at("slide").get<std::string>()));
    const std::string outcome = line.at("outcome");
    if (outcome == "done") ++state.done;
    if (outcome == "failed") ++state.failed;
    if (outcome == "elsewhere") ++state.elsewhere;
    if (outcome == "already done") ++state.already_done;
  } else if (event == "stop") {
    state.end = line.at("how");
    if (state.end == "finished") state.share = 1;
    state.ended_at = time;
  }
}

void look_at_lock(RunState& state, const fs::path& journal) {
  constexpr std::chrono::seconds kLongSilence = std::chrono::duration_cast<std::chrono::seconds>(core::LockTimes().limit);
  std::optional<core::HeldLock> lock;
  try {
    lock = core::read_lock(lock_of(journal));
  } catch (const core::Error&) {  // another user's, perhaps
  }
  if (!lock || lock->gone || lock->since_sign > kLongSilence) return;
  state.is_alive = true;
  state.since_sign = lock->since_sign;
}

/// Of runs that were killed.
void remove_stale_locks(const fs::path& folder) {
  std::error_code none;
  std::vector<fs::path> locks;
  for (auto entry = fs::directory_iterator(folder, none); !none && entry != fs::end(entry); entry.increment(none)) {
    if (entry->path().extension() == ".lock") locks.push_back(entry->path());
  }
  for (const fs::path& lock : locks) {
    try {
      core::WorkLock::try_to_take(lock);  // and let go of it
    } catch (const core::Error&) {        // another user's, perhaps
    }
  }
}

/// What of `other` makes its results others than those of `run`, with what it is of `run` beside it; empty where nothing does.
std::string difference(const RunRecord& other, const RunRecord& run) {
  if (other.version != run.version) return "wsi-lpd " + other.version + ", and this is " + run.version;
  if (other.model_sha256 != run.model_sha256) return "the model " + other.model_path + ", and this is " + run.model_path;
  if (other.configuration_sha256 != run.configuration_sha256)
    return "other options (" + core::joined(other.arguments, " ") + "), and this is " + core::joined(run.arguments, " ");
  return {};
}

/// Throws UsageError when another run in `output` is alive whose results would be others.
void refuse_others(const fs::path& output, const RunRecord& run) {
  for (const RunState& state : read_journals(output)) {
    const RunRecord& other = state.run;
    if (!state.is_alive || (other.host == run.host && other.pid == run.pid)) continue;
    if (const std::string found = difference(other, run); !found.empty())
      throw core::UsageError(output.string() + ": " + other.host + " pid " + std::to_string(other.pid) + " works here with " + found +
                             ": wait for its end, or take another folder, so that an archive has results of one kind");
  }
}

}  // namespace

std::string utc_text(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Journal::Journal(const fs::path& output, RunRecord run) {
  run.host = core::host_name();
  run.pid = getpid();
  run.started = std::time(nullptr);
  std::error_code failure;
  fs::create_directories(output / kJournalFolder, failure);
  std::string time = utc_text(run.started);
  std::erase_if(time, [](char each) { return each == ':' || each == '-'; });
  const std::string name = run.host + "-" + std::to_string(run.pid) + "-" + time;
  int file = -1;
  for (int i = 1; file < 0; ++i) {  // a process may run several batches in a second
    path_ = output / kJournalFolder / (name + (i > 1 ? "-" + std::to_string(i) : "") + kEnding);
    file = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0 && errno != EEXIST) throw core::Error("making " + path_.string() + ": " + std::strerror(errno));
  }
  close(file);
  remove_stale_locks(output / kJournalFolder);
  lock_ = core::WorkLock::take(lock_of(path_));
  Json first{{"event", "run"}, {"format", kFormat}, {"time", run.started}};
  first.update(json_of(run));
  write(text_of(first), true);
  try {
    refuse_others(output, run);  // behind the first line, so that of two that start at once one sees the other
  } catch (...) {
    fs::remove(path_, failure);
    throw;
  }
}

void Journal::write(const std::string& line, bool sync) {
  const std::lock_guard lock(mutex_);
  const int file = open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(file, line.data(), line.size());
  if (sync) fdatasync(file);
  close(file);
}

void Journal::plan(std::size_t slides, std::size_t already_done) {
  write(text_of({{"event", "plan"}, {"time", std::time(nullptr)}, {"slides", slides}, {"already_done", already_done}}), false);
}

void Journal::taken(const std::string& slide) {
  write(text_of({{"event", "taken"}, {"time", std::time(nullptr)}, {"slide", slide}}), false);
}

void Journal::progress(double share, std::optional<double> seconds_left) {
  constexpr std::chrono::seconds kInterval(10);
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - told_ < kInterval) return;
    told_ = now;
  }
  Json line{{"event", "progress"}, {"time", std::time(nullptr)}, {"share", share}};
  if (seconds_left) line["seconds_left"] = *seconds_left;
  write(text_of(line), false);
}

void Journal::ended(const std::string& slide, const std::string& outcome, const std::string& reason) {
  Json line{{"event", "ended"}, {"time", std::time(nullptr)}, {"slide", slide}, {"outcome", outcome}};
  if (!reason.empty()) line["reason"] = reason;
  write(text_of(line), true);
}

void Journal::stop(const std::string& how) {
  write(text_of({{"event", "stop"}, {"time", std::time(nullptr)}, {"how", how}}), true);
  lock_.reset();
}

std::optional<RunState> read_journal(const fs::path& journal) {
  std::ifstream file(journal);
  if (!file) throw core::Error(journal.string() + ": can't be read: " + std::strerror(errno));
  RunState state;
  bool is_first = true;
  for (std::string text; std::getline(file, text);) {
    const Json line = Json::parse(text, nullptr, false);
    try {
      if (is_first) {
        if (!line.is_object() || line.value("format", "") != kFormat) return {};
        state.run = run_of(line);
      } else if (line.is_object()) {
        take(state, line);
      }
    } catch (const Json::exception&) {  // of another version
      if (is_first) return {};
    }
    is_first = false;
  }
  if (is_first) return {};
  if (state.end.empty()) look_at_lock(state, journal);
  return state;
}

std::vector<RunState> read_journals(const fs::path& output) {
  std::vector<RunState> runs;
  std::error_code none;
  for (auto entry = fs::directory_iterator(output / kJournalFolder, none); !none && entry != fs::end(entry); entry.increment(none)) {
    if (entry->path().extension() != kEnding) continue;
    try {
      if (auto run = read_journal(entry->path())) runs.push_back(std::move(*run));
    } catch (const core::Error&) {  // another user's, perhaps
    }
  }
  std::ranges::sort(runs, {}, [](const RunState& state) { return std::tuple(state.run.started, state.run.host, state.run.pid); });
  return runs;
}

std::string run_text(const fs::path& output, const RunState& state, const std::map<std::string, std::string>& failures,
                     const std::map<std::string, std::string>& versions) {
  Json json{{"format", "wsi-lpd run"}};
  json.update(json_of(state.run));
  json["started"] = utc_text(state.run.started);
  json["ended"] = utc_text(state.ended_at);
  json["seconds"] = state.ended_at - state.run.started;
  json["end"] = state.end;
  json["versions"] = versions;
  json["output"] = output.string();
  json["slides"] = state.slides;
  json["done"] = state.done;
  json["already_done"] = state.already_done;
  json["failed"] = state.failed;
  json["in_work_elsewhere"] = state.elsewhere;
  json["failures"] = Json::array();
  for (const auto& [slide, reason] : failures) json["failures"].push_back({{"slide", slide}, {"reason", reason}});
  return text_of(json, 2);
}

}  // namespace wsi_lpd::output
