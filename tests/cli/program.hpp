#pragma once
// The program as a user meets it, in a world that all tests of it share.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

struct Outcome {
  int code = -1;
  std::string out, err;
  std::size_t error_lines() const { return static_cast<std::size_t>(std::count(err.begin(), err.end(), '\n')); }
};

/// Is a slide's folder of files under construction there?
inline bool is_being_written(const fs::path& folder) {
  std::error_code absent;
  for (auto entry = fs::directory_iterator(folder, absent); !absent && entry != fs::end(entry); entry.increment(absent))
    if (entry->path().extension() == ".part" && entry->is_directory(absent)) return true;
  return false;
}

/// A folder with patches, a model trained for a few steps, and slides, made once with the program itself.
class Program : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    world_ = new testing::TemporaryFolder();
    const Outcome synth = run("synth data --train 24 --valid 4 --test 0 --patch-size 96 --slides 1 --slide-size 900 700 --seed 3");
    ASSERT_EQ(synth.code, 0) << synth.err;
    const Outcome train = run("train data/patches --encoder mit_b0 --iterations 4 --warmup-iterations 2 --batch-size 4");
    ASSERT_EQ(train.code, 0) << train.err;
  }
  static void TearDownTestSuite() {
    delete world_;
    world_ = nullptr;
  }

  /// Runs the program in the world through a shell; `prefix` comes before it, such as "ulimit -f 100; ".
  static Outcome run(const std::string& arguments, const std::string& prefix = "") {
    const std::string command = "cd '" + world_->path().string() + "' && unset WSI_LPD_MODEL; " + prefix + " '" WSI_LPD_PROGRAM "' " +
                                arguments + " >'" + path("stdout.txt").string() + "' 2>'" + path("stderr.txt").string() + "' </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), core::read_text_file(*world_ / "stdout.txt"),
            core::read_text_file(*world_ / "stderr.txt")};
  }
  /// Starts the program in the world beside the test; both of its streams go to the file `log`. `prefix` as in run().
  static pid_t start(const std::string& arguments, const std::string& log, const std::string& prefix = "") {
    const pid_t child = fork();
    if (child != 0) return child;
    const std::string command =
        "cd '" + world_->path().string() + "' && " + prefix + " exec '" WSI_LPD_PROGRAM "' " + arguments + " >'" + log + "' 2>&1";
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(99);
  }
  /// Waits for a process that start() has started; its exit code, or 128 and the signal that ended it.
  static int end(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  static fs::path path(const std::string& name) { return world_->path() / name; }

  /// One line on stderr that names the trouble, nothing on stdout, nothing left in `folder`.
  static void expect_refusal(const std::string& arguments, int code, const std::string& words, const std::string& prefix = "") {
    SCOPED_TRACE(arguments);
    fs::remove_all(path("bad"));
    const Outcome outcome = run(arguments, prefix);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    std::string errors;
    std::istringstream lines(outcome.err);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("error: ")) errors += line + "\n";
    }
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << outcome.err;
    EXPECT_THAT(errors, HasSubstr(words));
    EXPECT_THAT(outcome.err, Not(HasSubstr("c10::")));
    if (!fs::exists(path("bad"))) return;
    for (const auto& entry : fs::recursive_directory_iterator(path("bad"))) {
      const std::string name = entry.path().filename();
      const bool is_record = name == "config.toml" || name == "summary.csv" || name == "run.json" ||
                             entry.path().parent_path().filename() == ".failures" || entry.path().parent_path().filename() == "journal";
      EXPECT_TRUE(is_record || (entry.is_directory() && entry.path().extension() != ".part")) << entry.path() << " was left behind";
    }
  }

  static inline testing::TemporaryFolder* world_ = nullptr;
};

}  // namespace wsi_lpd
