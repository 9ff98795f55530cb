#include "wsi_lpd/core/work_lock.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <functional>
#include <thread>

#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::core {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr LockTimes kPatient{50ms, 600s};
constexpr LockTimes kQuick{20ms, 1s};

/// A process of its own that runs `work`, with pipes to tell and to be told; killed at the end.
class Child {
 public:
  explicit Child(const std::function<int(Child&)>& work) {
    if (pipe(to_parent_) != 0 || pipe(to_child_) != 0) throw Error("no pipe");
    pid_ = fork();
    if (pid_ == 0) _exit(work(*this));
  }
  ~Child() {
    if (!ended_) end(SIGKILL);
    for (const int end : {to_parent_[0], to_parent_[1], to_child_[0], to_child_[1]}) close(end);
  }
  void say(char word) const { [[maybe_unused]] const auto done = write(to_parent_[1], &word, 1); }
  char hear() const { return next(to_child_[0]); }  // in the child
  void tell(char word) const { [[maybe_unused]] const auto done = write(to_child_[1], &word, 1); }
  char answer() const { return next(to_parent_[0]); }  // in the parent
  void send(int signal) const { kill(pid_, signal); }
  /// The exit code, or 128 + the signal.
  int end(int signal = 0) {
    if (signal) send(signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  pid_t pid() const { return pid_; }

 private:
  static char next(int end) {
    char word = '?';
    [[maybe_unused]] const auto done = read(end, &word, 1);
    return word;
  }
  int to_parent_[2]{}, to_child_[2]{};
  pid_t pid_ = 0;
  bool ended_ = false;
};

/// Takes the lock, says so, waits to be told, and exits with 0 where it holds it still.
int hold(Child& self, const std::filesystem::path& path, LockTimes times) {
  const auto attempt = WorkLock::try_to_take(path, times);
  self.say(attempt.lock ? 'y' : 'n');
  self.hear();
  try {
    if (!attempt.lock) return 2;
    attempt.lock->still_held();
    return 0;
  } catch (const LockLost& lost) {
    return std::string(lost.what()).find("has taken it over") != std::string::npos ? 3 : 4;
  }
}

TEST(WorkLock, IsHeldByOneProcessAtATime) {
  const TemporaryFolder folder;
  const auto path = folder / "slide.lock";
  Child other([&](Child& self) { return hold(self, path, kPatient); });
  ASSERT_EQ(other.answer(), 'y');
  auto attempt = WorkLock::try_to_take(path, kPatient);
  EXPECT_FALSE(attempt.lock);
  ASSERT_TRUE(attempt.holder);
  EXPECT_EQ(attempt.holder->pid, other.pid());
  EXPECT_EQ(attempt.holder->text(), host_name() + " pid " + std::to_string(other.pid()));
  const auto seen = read_lock(path);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->owner.pid, other.pid());
  EXPECT_FALSE(seen->gone);

  other.tell('!');
  EXPECT_EQ(other.end(), 0);
  attempt = WorkLock::try_to_take(path, kPatient);
  ASSERT_TRUE(attempt.lock);
  EXPECT_FALSE(attempt.taken_from) << "it was given back";
  EXPECT_FALSE(WorkLock::try_to_take(path, kPatient).lock) << "nor twice by one process";
  attempt.lock->still_held();
  attempt.lock.reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_FALSE(read_lock(path));
}

TEST(WorkLock, OfAKilledProcessIsTakenOverAtOnce) {
  const TemporaryFolder folder;
  const auto path = folder / "slide.lock";
  Child other([&](Child& self) { return hold(self, path, kPatient); });
  ASSERT_EQ(other.answer(), 'y');
  other.send(SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(other.pid()), &info, WEXITED | WNOWAIT), 0);  // a zombie from here on
  for (const bool reaped : {false, true}) {
    if (reaped) {
      EXPECT_EQ(other.end(), 128 + SIGKILL);
    }
    ASSERT_TRUE(read_lock(path));
    EXPECT_TRUE(read_lock(path)->gone) << reaped;
  }
  const auto attempt = WorkLock::try_to_take(path, kPatient);
  ASSERT_TRUE(attempt.lock);
  ASSERT_TRUE(attempt.taken_from);
  EXPECT_EQ(attempt.taken_from->pid, other.pid());
  EXPECT_FALSE(attempt.holder);
}

/// The lock of another process that has, or had, this number.
std::string lock_text(const std::filesystem::path& folder, const std::string& key, const std::string& value) {
  const auto own = WorkLock::try_to_take(folder / "own.lock", kPatient);
  std::string text = read_text_file(folder / "own.lock");
  const std::size_t at = text.find("\n" + key + " ") + key.size() + 2;
  return text.replace(at, text.find('\n', at) - at, value);
}

TEST(WorkLock, OfAnotherProcessWithTheSameNumberIsStaleAndOfAnotherMachineIsNot) {
  const TemporaryFolder folder;
  const auto path = folder / "slide.lock";
  write_text_file(path, lock_text(folder.path(), "start", "17"));  // this very number, but a process of long ago
  EXPECT_TRUE(read_lock(path)->gone);
  EXPECT_TRUE(WorkLock::try_to_take(path, kPatient).taken_from);

  write_text_file(path, lock_text(folder.path(), "boot", "another machine, or a container with numbers of its own"));
  EXPECT_FALSE(read_lock(path)->gone);
  EXPECT_FALSE(WorkLock::try_to_take(path, kPatient).lock);
  EXPECT_TRUE(WorkLock::try_to_take(path, kPatient).holder);
}

TEST(WorkLock, WithoutASignOfLifeIsTakenOverByTheFileServersClock) {
  const TemporaryFolder folder;
  const auto path = folder / "slide.lock";
  for (const std::string& text : {lock_text(folder.path(), "boot", "another machine"), std::string("wsi-lpd lo"), std::string()}) {
    write_text_file(path, text);
    EXPECT_FALSE(WorkLock::try_to_take(path, {20s, 600s}).lock) << text;
    const auto written = std::filesystem::last_write_time(path);
    std::filesystem::last_write_time(path, written - 599s);
    EXPECT_FALSE(WorkLock::try_to_take(path, {20s, 620s}).lock) << text;
    std::filesystem::last_write_time(path, written - 601s);
    const auto attempt = WorkLock::try_to_take(path, {20s, 600s});
    EXPECT_TRUE(attempt.lock && attempt.taken_from) << text;
  }
}

TEST(WorkLock, LeavesAFileOfAnotherProgramAlone) {
  const TemporaryFolder folder;
  write_text_file(folder / "slide.lock", "of a text editor");
  std::filesystem::last_write_time(folder / "slide.lock", std::filesystem::file_time_type::clock::now() - 24h);
  EXPECT_FALSE(read_lock(folder / "slide.lock"));
  EXPECT_THROW(WorkLock::try_to_take(folder / "slide.lock"), Error);
  EXPECT_EQ(read_text_file(folder / "slide.lock"), "of a text editor");
  EXPECT_THROW(WorkLock::try_to_take(folder / "none" / "slide.lock"), Error);
}

/// SIGSTOP past the limit, then SIGCONT: the first owner finds out, and leaves the second's lock alone.
TEST(WorkLock, OwnerThatWasPausedFindsThatItLostIt) {
  const TemporaryFolder folder;
  const auto path = folder / "slide.lock";
  Child paused([&](Child& self) { return hold(self, path, kQuick); });
  ASSERT_EQ(paused.answer(), 'y');
  paused.send(SIGSTOP);
  std::unique_ptr<WorkLock> lock;
  while (!lock) {
    auto attempt = WorkLock::try_to_take(path, kQuick);
    if (attempt.lock) {
      EXPECT_EQ(attempt.taken_from->pid, paused.pid()) << "alive, but silent";
    }
    lock = std::move(attempt.lock);
    std::this_thread::sleep_for(20ms);
  }
  paused.tell('!');
  paused.send(SIGCONT);
  EXPECT_EQ(paused.end(), 3) << "lost, and it knows to whom";
  lock->still_held();
  EXPECT_EQ(read_lock(path)->owner.pid, getpid());
}

TEST(WorkLock, ThatWasRemovedByHandOrReleasedByItsNextOwnerIsLost) {
  const TemporaryFolder folder;
  const auto attempt = WorkLock::try_to_take(folder / "slide.lock");
  std::filesystem::remove(folder / "slide.lock");
  EXPECT_FALSE(attempt.lock->is_held());
  EXPECT_THROW(attempt.lock->still_held(), LockLost);
}

/// Many at once find one stale lock again and again: never do two hold it.
TEST(WorkLock, OneOfManyTakesAStaleLock) {
  const TemporaryFolder folder;
  const auto path = folder / "slide.lock";
  const std::string stale = lock_text(folder.path(), "start", "17");
  int taken = 0;
  for (int round = 0; round < 20; ++round) {
    write_text_file(path, stale, Durable::No);
    std::vector<std::unique_ptr<Child>> children;
    for (int i = 0; i < 4; ++i) {
      children.push_back(std::make_unique<Child>([&](Child& self) {
        self.hear();
        const auto attempt = WorkLock::try_to_take(path, kPatient);
        self.say(attempt.lock && attempt.lock->is_held() ? 'y' : 'n');
        self.hear();
        return attempt.lock && attempt.lock->is_held() ? 1 : 0;
      }));
    }
    for (const auto& child : children) child->tell('!');
    int held = 0;
    for (const auto& child : children) child->answer();
    for (const auto& child : children) child->tell('!');
    for (const auto& child : children) held += child->end();
    EXPECT_LE(held, 1);
    taken += held;
    std::filesystem::remove(path);
  }
  EXPECT_GT(taken, 0);
}

}  // namespace
}  // namespace wsi_lpd::core
