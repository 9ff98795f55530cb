#include "wsi_lpd/core/work_lock.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::core {
namespace fs = std::filesystem;
namespace {

constexpr const char* kMark = "wsi-lpd lock: a process works at what it is named after; it is removed at the end";

std::string first_word(const fs::path& file) {
  std::ifstream stream(file);
  std::string word;
  stream >> word;
  return word;
}

/// State and time of start of a process: the third and the 22nd word of /proc/PID/stat, the second of which is a name in parentheses.
struct ProcessState {
  std::string state, start;
};
ProcessState state_of(pid_t pid) {
  std::ifstream stream("/proc/" + std::to_string(pid) + "/stat");
  std::string line, word;
  std::getline(stream, line);
  std::istringstream words(line.substr(std::min(line.rfind(')') + 1, line.size())));
  ProcessState process;
  for (int i = 3; i <= 22 && words >> word; ++i) {
    if (i == 3) process.state = word;
    if (i == 22) process.start = word;
  }
  return process;
}

std::string this_boot() {
  std::error_code none;
  return first_word("/proc/sys/kernel/random/boot_id") + "/" + fs::read_symlink("/proc/self/ns/pid", none).string();
}

/// Has it ended for certain? Zombies have.
bool is_gone(const LockOwner& owner) {
  if (owner.host.empty() || owner.boot != this_boot()) return false;
  if (kill(owner.pid, 0) != 0 && errno == ESRCH) return true;
  const ProcessState process = state_of(owner.pid);
  return process.state == "Z" || process.state == "X" || (!process.start.empty() && process.start != owner.start);
}

std::string text_of(const LockOwner& owner) {
  return std::string(kMark) + "\nhost " + owner.host + "\npid " + std::to_string(owner.pid) + "\nstart " + owner.start + "\nboot " +
         owner.boot + "\ntoken " + owner.token + "\n";
}

/// A lock's file, opened: what it says and when it was touched. Opening asks a file server for the newest of both.
struct LockFile {
  LockOwner owner;
  bool is_foreign = false;
  struct stat status {};
};

std::optional<LockFile> read_file(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    if (errno == ENOENT || errno == ESTALE) return {};
    throw Error("reading " + path.string() + ": " + std::strerror(errno));
  }
  char bytes[2048];
  const ssize_t count = read(file, bytes, sizeof bytes);
  LockFile lock;
  const bool known = fstat(file, &lock.status) == 0;
  close(file);
  if (!known) return {};  // it went away on a file server
  const std::string text(bytes, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  const std::string mark = std::string(kMark) + "\n";
  if (!text.starts_with(mark)) {
    lock.is_foreign = !mark.starts_with(text);  // or it was cut off when its process was
    return lock;
  }
  std::istringstream lines(text.substr(mark.size()));
  std::string line;
  LockOwner owner;
  while (std::getline(lines, line)) {
    const std::size_t blank = line.find(' ');
    const std::string key = line.substr(0, blank), value = blank == std::string::npos ? "" : line.substr(blank + 1);
    if (key == "host") owner.host = value;
    if (key == "pid") owner.pid = std::atoi(value.c_str());
    if (key == "start") owner.start = value;
    if (key == "boot") owner.boot = value;
    if (key == "token") owner.token = value;
  }
  if (!owner.token.empty() && owner.pid > 0) lock.owner = owner;  // the token is the last line
  return lock;
}

std::chrono::nanoseconds time_of(const struct stat& status) {
  return std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
}

[[noreturn]] void fail(const fs::path& path) { throw Error("making " + path.string() + ": " + std::strerror(errno)); }

/// What the file server's clock says: the time of a file that is made and touched in `folder` now.
std::chrono::nanoseconds server_time(const fs::path& lock) {
  const PartFile probe(lock, Durable::No);
  const int file = open(probe.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  struct stat status {};
  const bool known = file >= 0 && futimens(file, nullptr) == 0 && fstat(file, &status) == 0;
  const int reason = errno;
  if (file >= 0) close(file);
  errno = reason;
  if (!known) fail(probe.path());
  return time_of(status);
}

/// And not touched in between.
bool same_lock(const LockFile& a, const LockFile& b) {
  return a.status.st_ino == b.status.st_ino && a.owner.token == b.owner.token && time_of(a.status) == time_of(b.status);
}

/// Renames a stale lock away, which one process can do. True when the name is free.
bool remove_stale(const fs::path& path, const LockFile& stale) {
  PartFile away(path, Durable::No);
  const auto now = read_file(path);  // it may be another's by now
  if (!now) return true;
  if (!same_lock(*now, stale) || std::rename(path.c_str(), away.path().c_str()) != 0) return false;
  const auto taken = read_file(away.path());
  if (taken && !same_lock(*taken, stale)) {
    // Another process was faster, or the owner is alive: it gets its lock back, or finds that it lost it.
    [[maybe_unused]] const int done = link(away.path().c_str(), path.c_str());
    return false;
  }
  return true;
}

}  // namespace

std::string LockOwner::text() const { return host.empty() ? "an unknown process" : host + " pid " + std::to_string(pid); }

std::optional<HeldLock> read_lock(const fs::path& path) {
  const auto lock = read_file(path);
  if (!lock || lock->is_foreign) return {};
  const auto age = std::chrono::system_clock::now().time_since_epoch() - time_of(lock->status);
  return HeldLock{lock->owner, is_gone(lock->owner),
                  std::max(std::chrono::seconds(0), std::chrono::duration_cast<std::chrono::seconds>(age))};
}

WorkLock::Attempt WorkLock::try_to_take(const fs::path& path, LockTimes times) {
  const LockOwner self{host_name(), getpid(), state_of(getpid()).start, this_boot(), part_path("lock").string()};
  Attempt attempt;
  for (int tries = 0; tries < 10; ++tries) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0) {
      const std::string text = text_of(self);
      if (write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        const int reason = errno;
        close(file);
        unlink(path.c_str());
        errno = reason;
        fail(path);
      }
      attempt.lock.reset(new WorkLock(path, file, self.token, times.heartbeat));
      attempt.holder.reset();
      return attempt;
    }
    if (errno != EEXIST) fail(path);
    const auto held = read_file(path);
    if (!held) continue;  // it was removed meanwhile
    if (held->is_foreign) throw Error(path.string() + ": is in the place of a lock and is none; move it away");
    attempt.holder = held->owner;
    const bool stale = is_gone(held->owner) || server_time(path) - time_of(held->status) > times.limit;
    if (!stale) return attempt;
    if (remove_stale(path, *held)) attempt.taken_from = held->owner;
  }
  if (!attempt.holder) attempt.holder = LockOwner{};
  return attempt;  // others come and go faster than this process
}

std::unique_ptr<WorkLock> WorkLock::take(const fs::path& path, LockTimes times) {
  for (;;) {
    if (Attempt attempt = try_to_take(path, times); attempt.lock) return std::move(attempt.lock);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

WorkLock::WorkLock(fs::path path, int file, std::string token, std::chrono::milliseconds heartbeat)
    : path_(std::move(path)),
      file_(file),
      token_(std::move(token)),
      heart_([this, heartbeat](const std::stop_token& stop) { beat(heartbeat, stop); }) {}

WorkLock::~WorkLock() {
  heart_.request_stop();
  heart_.join();
  close(file_);
  if (is_held()) unlink(path_.c_str());
}

void WorkLock::beat(std::chrono::milliseconds interval, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!lost_ && !stopped_.wait_for(lock, stop, interval, [&] { return stop.stop_requested(); })) {
    try {
      still_held();
    } catch (const LockLost&) {
      lost_ = true;
    } catch (const Error&) {  // the file server may be back for the next
    }
  }
}

bool WorkLock::is_held() const {
  try {
    const auto lock = read_file(path_);
    return lock && lock->owner.token == token_;
  } catch (const Error&) {
    return false;
  }
}

void WorkLock::still_held() const {
  futimens(file_, nullptr);  // from here on it is not stale
  const auto lock = read_file(path_);
  if (lock && lock->owner.token == token_) return;
  throw LockLost(path_.string() + ": " + (lock ? lock->owner.text() + " has taken it over" : "it was taken over") +
                 ", as there was no sign of life of this process for long");
}

}  // namespace wsi_lpd::core
