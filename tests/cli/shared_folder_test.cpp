// Several processes of the program that work into one folder of results, and how they end.
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/program.hpp"
#include "wsi_lpd/core/work_lock.hpp"

namespace wsi_lpd {
namespace {

using namespace std::chrono_literals;

class SharedProgram : public Program {
 protected:
  static void SetUpTestSuite() {
    Program::SetUpTestSuite();
    fs::create_directories(path("archive"));
    for (int i = 0; i < 4; ++i) fs::copy_file(path("data/slides/slide-1.tif"), path("archive/s" + std::to_string(i) + ".tif"));
  }

  /// Until the slide's files are under construction.
  static void wait_for_work(const std::string& folder) {
    for (int i = 0; i < 600 && !is_being_written(path(folder)); ++i) std::this_thread::sleep_for(50ms);
    ASSERT_TRUE(is_being_written(path(folder)));
  }
  static std::size_t lines_with(const std::string& file, const std::string& word) {
    std::istringstream text(core::read_text_file(path(file)));
    std::size_t count = 0;
    for (std::string line; std::getline(text, line);) count += line.find(word) != std::string::npos;
    return count;
  }
  static std::map<std::string, std::string> results_in(const std::string& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(path(folder))) {
      if (entry.is_regular_file() && entry.path().filename() != "config.toml")
        files[entry.path().filename()] = core::read_text_file(entry.path());
    }
    return files;
  }

  static inline const std::string kSlow = " --overlap 0.9 --batch-size 1 ";
};

TEST_F(SharedProgram, BatchesShareAFolder) {
  std::vector<pid_t> batches;
  for (int i = 0; i < 3; ++i) batches.push_back(start("batch archive -o together --threads 1", "batch" + std::to_string(i) + ".txt"));
  std::size_t done = 0;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const int code = end(batches[i]);
    const std::string log = "batch" + std::to_string(i) + ".txt";
    EXPECT_TRUE(code == 0 || code == 4) << code << core::read_text_file(path(log));
    EXPECT_EQ(code == 4, lines_with(log, " in work elsewhere; results in together") == 1) << core::read_text_file(path(log));
    done += lines_with(log, " s; of the tissue: ");
  }
  EXPECT_EQ(done, 4U) << "each slide by one process";
  EXPECT_EQ(lines_with("together/summary.csv", ",complete,"), 4U);
  EXPECT_THAT(run("status together").out, HasSubstr("4 complete, 0 failed, 0 unfinished\n"));
  for (const auto& [name, bytes] : results_in("together")) EXPECT_TRUE(!name.ends_with(".part") && !name.ends_with(".lock")) << name;
  EXPECT_EQ(run("batch archive -o together --threads 1").code, 0);
}

TEST_F(SharedProgram, EachSlideHasItsOwnProcessInANewFolder) {
  std::vector<pid_t> processes;
  for (int i = 0; i < 4; ++i) {
    const std::string name = i == 3 ? "absent" : "s" + std::to_string(i);
    processes.push_back(start("segment archive/" + name + ".tif -o array --threads 1", name + ".txt"));
  }
  for (int i = 0; i < 4; ++i) EXPECT_EQ(end(processes[static_cast<std::size_t>(i)]), i == 3 ? 1 : 0);
  EXPECT_EQ(lines_with("array/summary.csv", ",complete,"), 3U);
  EXPECT_EQ(lines_with("array/summary.csv", "archive/absent.tif,failed,"), 1U);
}

/// kill -9 of a batch blocks nobody; its slide is done by whoever comes next.
TEST_F(SharedProgram, AKilledBatchsSlideIsTakenOver) {
  const pid_t first = start("batch archive -o killed --workers 0 --threads 1" + kSlow, "killed.txt");
  wait_for_work("killed");
  EXPECT_THAT(run("status killed").out,
              AllOf(HasSubstr("1 in work"), HasSubstr("s0: by " + core::host_name() + " pid " + std::to_string(first))));
  const Outcome left = run("segment archive/s0.tif -o killed" + kSlow);
  EXPECT_EQ(left.code, 4) << left.err;
  EXPECT_THAT(left.out, HasSubstr("archive/s0.tif: in work elsewhere, by " + core::host_name() + " pid " + std::to_string(first)));
  kill(first, SIGKILL);
  end(first);
  EXPECT_THAT(run("status killed").out, AllOf(HasSubstr("1 unfinished\n"), HasSubstr("s0.lock")));
  const Outcome next = run("segment archive/s0.tif -o killed" + kSlow);
  EXPECT_EQ(next.code, 0) << next.err;
  EXPECT_THAT(next.err, HasSubstr("archive/s0.tif: taken over from " + core::host_name() + " pid " + std::to_string(first)));
  EXPECT_THAT(run("status killed").out, HasSubstr("1 complete, 0 failed, 0 unfinished\n"));
}

/// The worker of a batch that is killed ends by itself, and leaves nothing.
TEST_F(SharedProgram, WorkersOfAKilledBatchEnd) {
  const pid_t batch = start("batch archive -o orphans --workers 2" + kSlow, "orphans.txt");
  wait_for_work("orphans");
  kill(batch, SIGKILL);
  end(batch);
  for (int i = 0; i < 200 && is_being_written(path("orphans")); ++i) std::this_thread::sleep_for(50ms);
  EXPECT_FALSE(is_being_written(path("orphans")));
  const Outcome next = run("batch archive -o orphans");
  EXPECT_EQ(next.code, 0) << next.err;
  EXPECT_EQ(lines_with("orphans/summary.csv", ",complete,"), 4U);
}

/// A worker that is killed costs the slide's time, nothing else.
TEST_F(SharedProgram, ASlideWhoseWorkerIsKilledIsDoneByAnother) {
  const pid_t batch = start("batch archive -o revived --workers 2" + kSlow, "revived.txt");
  wait_for_work("revived");
  const std::string children = core::read_text_file("/proc/" + std::to_string(batch) + "/task/" + std::to_string(batch) + "/children");
  kill(std::stoi(children), SIGKILL);
  EXPECT_EQ(end(batch), 0);
  EXPECT_EQ(lines_with("revived.txt", "its worker process ended with signal 9"), 1U) << core::read_text_file(path("revived.txt"));
  EXPECT_EQ(lines_with("revived/summary.csv", ",complete,"), 4U);
  for (const auto& [name, bytes] : results_in("revived")) EXPECT_TRUE(!name.ends_with(".part") && !name.ends_with(".lock")) << name;
}

TEST_F(SharedProgram, StatusTellsOfBatchesAtWorkAndOfTheLast) {
  fs::create_directories(path("half/sub"));
  for (const char* name : {"a.tif", "b.tif"}) fs::copy_file(path("data/slides/slide-1.tif"), path("half") / name);
  core::write_text_file(path("half/sub/no.svs"), "nothing");
  const pid_t batch = start("batch half -o watched --workers 1 --notify 'cat >note.json'" + kSlow, "watched.txt");
  wait_for_work("watched");
  const Outcome running = run("status watched");
  EXPECT_THAT(running.out, AllOf(HasSubstr("batches at work\n  " + core::host_name() + " pid " + std::to_string(batch)),
                                 HasSubstr(" of 3 slides ("), HasSubstr("half/a.tif: for ")));
  const auto json = nlohmann::json::parse(run("status watched --json").out);
  EXPECT_EQ(json["runs"][0]["alive"], true);
  EXPECT_EQ(json["runs"][0]["slides"], 3);
  const Outcome screens = run("status watched --watch");  // until the batch has ended
  EXPECT_EQ(end(batch), 3);
  EXPECT_EQ(screens.code, 0);
  EXPECT_THAT(screens.out, HasSubstr("watched: 2 complete, 1 failed, 0 unfinished\n\nthe last batch\n"));
  const Outcome last = run("status watched");
  EXPECT_THAT(last.out,
              AllOf(HasSubstr("3 of 3 slides (2 done, 0 already done, 1 failed); finished after "), HasSubstr("half/sub/no.svs: ")));
  EXPECT_EQ(nlohmann::json::parse(core::read_text_file(path("watched/run.json"))),
            nlohmann::json::parse(core::read_text_file(path("note.json"))));
  const Outcome failed = run("status watched --failed");
  EXPECT_EQ(failed.out, "slide,mpp,name\n" + path("half/sub/no.svs").string() + ",,sub/no\n");
  core::write_text_file(path("again.csv"), failed.out);
  fs::copy_file(path("data/slides/slide-1.tif"), path("half/sub/no.svs"), fs::copy_options::overwrite_existing);
  EXPECT_THAT(run("batch again.csv -o watched").out, HasSubstr("1 done, 0 already done, 0 failed"));
  EXPECT_TRUE(fs::exists(path("watched/sub/no.tif")));
  EXPECT_EQ(run("status watched --failed").out, "slide,mpp,name\n");
}

TEST_F(SharedProgram, ADryRunSaysWhatABatchWouldDo) {
  fs::create_directories(path("plan"));
  for (const char* name : {"a.tif", "b.tif"}) fs::copy_file(path("data/slides/slide-1.tif"), path("plan") / name);
  core::write_text_file(path("plan/no.svs"), "nothing");
  const Outcome first = run("batch plan -o planned --dry-run");
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("3 slides: 0 already done, 2 to do ("));
  EXPECT_THAT(first.out, HasSubstr("1 can't be opened\nestimated time: not known before a slide in this folder is complete\n"));
  EXPECT_FALSE(fs::exists(path("planned")));
  ASSERT_EQ(run("segment plan/a.tif -o planned").code, 0);
  const auto json = nlohmann::json::parse(run("batch plan -o planned --dry-run --json --workers 2").out);
  EXPECT_EQ(json["workers"], 2);
  EXPECT_GT(json["estimated_seconds"], 0.0);
  std::map<std::string, std::string> states;
  for (const auto& slide : json["slides"]) states[slide["slide"]] = slide["state"];
  EXPECT_EQ(states, (std::map<std::string, std::string>{
                        {"plan/a.tif", "already done"}, {"plan/b.tif", "to do"}, {"plan/no.svs", "can't be opened"}}));
  expect_refusal("batch plan -o bad --json", 2, "--dry-run");
}

/// The terminal's Ctrl-C, and a scheduler's wish to stop.
TEST_F(SharedProgram, ABatchThatIsStoppedStopsItsWorkers) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const pid_t batch = start("batch archive -o stopped --workers 2" + kSlow, "stopped.txt");
    wait_for_work("stopped");
    const auto before = std::chrono::steady_clock::now();
    kill(batch, signal);
    EXPECT_EQ(end(batch), 128 + signal);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 10s);
    EXPECT_THAT(core::read_text_file(path("stopped.txt")), HasSubstr("error: stopped by the user; what is finished is kept\n"));
    for (const auto& [name, bytes] : results_in("stopped")) EXPECT_TRUE(!name.ends_with(".part") && !name.ends_with(".lock")) << name;
    EXPECT_FALSE(is_being_written(path("stopped")));
  }
}

/// The options of a copy change no result, and nothing stays of the copies, however a batch ends.
TEST_F(SharedProgram, CopiesToALocalDiskChangeNothingAndAreRemoved) {
  const auto in_stage = [] {
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(path("stage"))) ++files;
    return files;
  };
  ASSERT_EQ(run("batch archive -o unstaged --workers 2").code, 0);
  const Outcome staged = run("batch archive -o staged --workers 2 --stage stage --stage-space 1G --verbose");
  ASSERT_EQ(staged.code, 0) << staged.err;
  EXPECT_THAT(staged.err, Not(HasSubstr("read in place")));
  EXPECT_EQ(in_stage(), 0U);
  auto with = results_in("staged"), without = results_in("unstaged");
  for (auto* files : {&with, &without})
    std::erase_if(*files, [](const auto& file) { return file.first.ends_with("summary.csv") || file.first == "run.json"; });
  for (auto& [name, bytes] : with) {
    if (!name.ends_with(".json")) {
      EXPECT_TRUE(bytes == without[name]) << name;
      continue;
    }
    EXPECT_THAT(bytes, AllOf(HasSubstr("archive/s"), Not(HasSubstr("stage/"))));
    const auto one = nlohmann::json::parse(bytes), other = nlohmann::json::parse(without[name]);
    for (const char* same : {"slide", "slide_fingerprint", "configuration_sha256", "warnings"})
      EXPECT_EQ(one.value(same, nlohmann::json()), other.value(same, nlohmann::json())) << same;
  }
  EXPECT_THAT(run("batch archive -o staged").out, HasSubstr("0 done, 4 already done"));
  EXPECT_EQ(run("batch archive -o staged --stage new-stage/").code, 0) << "a folder that can be made";

  for (const int signal : {SIGTERM, SIGKILL}) {
    const pid_t batch = start("batch archive -o staged" + std::to_string(signal) + " --workers 1 --stage stage" + kSlow, "staging.txt");
    wait_for_work("staged" + std::to_string(signal));
    EXPECT_EQ(in_stage(), 2U) << "a folder and its lock";
    kill(batch, signal);
    EXPECT_EQ(end(batch), 128 + signal);
    EXPECT_EQ(in_stage(), signal == SIGKILL ? 2U : 0U) << core::read_text_file(path("staging.txt"));
  }
  EXPECT_EQ(run("batch archive -o staged --stage stage").code, 0);
  EXPECT_EQ(in_stage(), 0U) << "what the killed one left is removed";
}

TEST_F(SharedProgram, WrongPlacesAndSizesOfCopiesAreRefused) {
  expect_refusal("batch archive -o bad --stage archive/sub", 2, "--stage archive/sub: is inside of the slides' folder archive");
  expect_refusal("batch 'archive/*.tif' -o bad --stage archive", 2, "--stage archive: is inside of the slides' folder archive");
  expect_refusal("batch archive -o bad --stage bad/stage", 2, "--stage bad/stage: is inside of the results' folder bad");
  expect_refusal("batch archive -o bad --stage archive/s0.tif", 2, "--stage archive/s0.tif: is no folder");
  expect_refusal("batch archive -o bad --stage /proc/stage", 2, "--stage /proc/stage: ");
  expect_refusal("batch archive -o bad --stage absent/stage", 2, "--stage absent/stage: there is no folder ");
  for (const char* size : {"0", "-1", "12X", "many"})
    expect_refusal("batch archive -o bad --stage stage --stage-space " + std::string(size), 2, "'" + std::string(size) + "' is no size");
  expect_refusal("batch archive -o bad --stage-space 10", 2, "--stage");
}

TEST_F(SharedProgram, ToldCommandsNeedNotReadAndTheirEndIsNamed) {
  ASSERT_EQ(run("batch archive -o told").code, 0);
  for (int i = 0; i < 4; ++i) EXPECT_THAT(run("batch archive -o told --notify true").err, Not(HasSubstr("--notify")));
  EXPECT_THAT(run("batch archive -o told --notify 'exit 3'").err, HasSubstr("warning: --notify exit 3: ended with exit code 3"));
  EXPECT_THAT(run("batch archive -o told --notify 'kill -9 $$'").err, HasSubstr("ended with signal 9"));
}

TEST_F(SharedProgram, PlansWhatVerifyingFindsAndSaysWhatLimitsNothing) {
  ASSERT_EQ(run("batch archive -o changed").code, 0);
  fs::resize_file(path("changed/s0.h5"), fs::file_size(path("changed/s0.h5")) - 1);
  std::ofstream(path("changed/s0.h5"), std::ios::app) << 'x';
  EXPECT_THAT(run("batch archive -o changed --dry-run").out, HasSubstr("4 already done, 0 to do"));
  EXPECT_THAT(run("batch archive -o changed --dry-run --verify").out, HasSubstr("3 already done, 1 to do"));
  EXPECT_THAT(run("batch archive -o changed --workers 0 --slide-timeout 5").err, HasSubstr("limit worker processes, and there are none"));
  const Outcome quiet = run("batch archive -o changed --quiet");
  EXPECT_EQ(quiet.out, "0 done, 4 already done, 0 failed; results in changed\n");
}

/// Stopped for longer than the limit, by the file's time; then it goes on.
TEST_F(SharedProgram, APausedProcessThatLostItsSlideWritesNothing) {
  const pid_t paused = start("segment archive/s0.tif -o paused --threads 1" + kSlow, "paused.txt");
  wait_for_work("paused");
  kill(paused, SIGSTOP);
  int status = 0;
  waitpid(paused, &status, WUNTRACED);
  ASSERT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(run("segment archive/s0.tif -o paused").code, 4) << "it may go on yet";
  fs::last_write_time(path("paused/s0.lock"), fs::last_write_time(path("paused/s0.lock")) - 10min);
  const Outcome second = run("segment archive/s0.tif -o paused --blend crop");
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("taken over from"));
  const auto before = results_in("paused");
  EXPECT_TRUE(before.contains("s0.json"));
  kill(paused, SIGCONT);
  EXPECT_EQ(end(paused), 4) << core::read_text_file(path("paused.txt"));
  EXPECT_THAT(core::read_text_file(path("paused.txt")), HasSubstr("thrown away"));
  EXPECT_TRUE(results_in("paused") == before);
  EXPECT_FALSE(is_being_written(path("paused")));
}

/// Through a pipe, too, whoever reads sees each slide when it is done, and where in the batch it is.
TEST_F(SharedProgram, SaysEachSlidesOutcomeAtOnce) {
  fs::create_directories(path("mixed"));
  for (const char* name : {"a.tif", "c.tif"}) fs::copy_file(path("data/slides/slide-1.tif"), path("mixed") / name);
  core::write_text_file(path("mixed/list.txt"), "a.tif\nb.tif\nc.tif\n");
  ASSERT_EQ(end(start("batch mixed/list.txt -o told", "told.txt")), 3);
  const std::string log = core::read_text_file(path("told.txt"));
  std::size_t at = 0;
  for (const char* line :
       {"slides, 0 of them already done\n", ": mixed/a.tif\n", "mixed/a.tif: ", " tiles in ", "slide 2 of 3: mixed/c.tif",
        "mixed/c.tif: ", "slide 3 of 3: mixed/b.tif", "error: mixed/b.tif: ", "mixed/b.tif: failed (the reason is in told/summary.csv)\n",
        "2 done, 0 already done, 1 failed; results in told\n"}) {
    at = log.find(line, at);
    ASSERT_NE(at, std::string::npos) << line << "\n" << log;
  }
}

}  // namespace
}  // namespace wsi_lpd
