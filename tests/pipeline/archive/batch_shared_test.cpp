// Several processes that work into one folder of results, results that lost files, and what is said of each slide.
#include <signal.h>
#include <sys/wait.h>

#include <fstream>

#include "pipeline/archive/run_here.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/output/failures.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/pipeline/archive/batch.hpp"
#include "wsi_lpd/pipeline/archive/find_slides.hpp"

namespace wsi_lpd::pipeline::archive {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IdentitySegmenter;
using ::testing::IsEmpty;
using testing::kPaint;
using ::testing::Not;
using ::testing::Pair;

struct Listener : core::SilentObserver {
  void begin(const std::string& what, std::int64_t, const std::string&) override {
    if (on_begin && what == "writing results") std::exchange(on_begin, nullptr)();
  }
  void info(const std::string& line) override { lines += "info " + line + "\n"; }
  void warn(const std::string& line) override { lines += "warn " + line + "\n"; }
  void error(const std::string& line) override { lines += "error " + line + "\n"; }
  std::function<void()> on_begin;
  std::string lines;
};

class SharedFolder : public ::testing::Test {
 protected:
  SharedFolder() {
    fs::create_directories(archive_);
    for (const char* name : {"a.tif", "b.tif", "c.tif"}) {
      testing::write_slide(archive_ / name, {300, 200}, 0.5, [](auto, auto) { return kPaint[0]; });
      std::ofstream(archive_ / name, std::ios::app | std::ios::binary) << name;  // other bytes, and as many
    }
  }
  BatchReport run(const BatchOptions& wanted = {}, const segment::RunIdentity& identity = kIdentity) {
    IdentitySegmenter network(8, 0.5);
    BatchOptions batch = wanted;
    outcomes_.clear();
    listener_.lines.clear();
    batch.on_outcome = [&](const SlideOutcome& outcome) {
      const char* const names[] = {"done", "already", "failed", "elsewhere"};
      outcomes_.push_back(outcome.slide.filename().string() + " " + names[static_cast<int>(outcome.kind)]);
      if (on_outcome_) on_outcome_(outcome);
    };
    return run_here(find_slides(archive_, output_, kNever).jobs, output_, network, {.tissue = "none"}, identity, batch,
                    {listener_, kNever});
  }
  /// Slides and what summary.csv says of them.
  std::vector<std::pair<std::string, std::string>> summary() const {
    std::vector<std::pair<std::string, std::string>> lines;
    std::istringstream text(core::read_text_file(output_ / "summary.csv"));
    std::string line;
    std::getline(text, line);
    while (std::getline(text, line)) {
      const std::size_t comma = line.find(',');
      lines.emplace_back(fs::path(line.substr(0, comma)).filename(), line.substr(comma + 1, line.find(',', comma + 1) - comma - 1));
    }
    return lines;
  }
  std::vector<std::string> parts() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(output_)) {
      if (entry.path().extension() == ".part" || entry.path().extension() == ".lock") names.push_back(entry.path().filename());
    }
    return names;
  }

  testing::TemporaryFolder folder_;
  fs::path archive_ = folder_ / "archive";
  fs::path output_ = folder_ / "out";
  Listener listener_;
  std::vector<std::string> outcomes_;
  std::function<void(const SlideOutcome&)> on_outcome_;
};

TEST_F(SharedFolder, SaysEachOutcomeAtOnceAndInOrder) {
  on_outcome_ = [&](const SlideOutcome& outcome) {
    EXPECT_EQ(outcome.statistics.has_value(), outcome.kind == SlideOutcome::Kind::Done);
    EXPECT_EQ(summary().size(), outcomes_.size()) << "it is in the summary by then";
  };
  std::ofstream(archive_ / "aa.svs").flush();
  fs::create_symlink("gone.svs", archive_ / "z.svs");
  const BatchReport report = run();
  EXPECT_THAT(outcomes_, ElementsAre("a.tif done", "b.tif done", "c.tif done", "aa.svs failed", "z.svs failed")) << "by size, then by name";
  EXPECT_THAT(report.failures,
              ElementsAre(Pair(archive_ / "aa.svs", (archive_ / "aa.svs").string() + ": is empty"),
                          Pair(archive_ / "z.svs", (archive_ / "z.svs").string() + ": is a link to gone.svs, which is not there")));
  on_outcome_ = nullptr;
  for (const char* file : {"aa.svs", "z.svs"}) fs::remove(archive_ / file);
  fs::remove(output_ / "b.json");
  run();
  EXPECT_THAT(outcomes_, ElementsAre("a.tif already", "c.tif already", "b.tif done"));
  EXPECT_THAT(listener_.lines, AllOf(HasSubstr("info 3 slides, 2 of them already done"), HasSubstr("info slide 3 of 3: ")));
}

TEST_F(SharedFolder, ASlideInWorkElsewhereIsLeftToThatProcess) {
  fs::create_directories(output_);
  auto lock = core::WorkLock::try_to_take(output::lock_path(output_ / "b")).lock;
  const BatchReport report = run();
  const std::string self = core::host_name() + " pid " + std::to_string(getpid());
  EXPECT_THAT(outcomes_, ElementsAre("a.tif done", "c.tif done", "b.tif elsewhere"));
  EXPECT_THAT(report.elsewhere, ElementsAre(Pair(archive_ / "b.tif", self)));
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_THAT(listener_.lines, HasSubstr("b.tif: left to " + self + ", which has it in work"));
  EXPECT_FALSE(fs::exists(output_ / "b.json"));
  EXPECT_THAT(summary(), ElementsAre(Pair("a.tif", "complete"), Pair("c.tif", "complete")));

  // The other process ends while this one is at the third slide.
  on_outcome_ = [&](const SlideOutcome& outcome) {
    if (outcome.slide.filename() == "c.tif") lock.reset();
  };
  run({.force = true});
  EXPECT_THAT(outcomes_, ElementsAre("a.tif done", "c.tif done", "b.tif done"));
  EXPECT_THAT(parts(), IsEmpty());
}

TEST_F(SharedFolder, ASlideThatAnotherProcessHasDoneMeanwhileIsDone) {
  fs::create_directories(output_);
  run();
  fs::create_directories(folder_ / "aside");
  for (const auto& entry : fs::directory_iterator(output_)) {
    if (entry.path().stem().stem() == "b") fs::rename(entry.path(), folder_ / "aside" / entry.path().filename());
  }
  auto lock = core::WorkLock::try_to_take(output::lock_path(output_ / "b")).lock;
  on_outcome_ = [&](const SlideOutcome& outcome) {
    if (outcome.slide.filename() != "c.tif") return;
    for (const auto& entry : fs::directory_iterator(folder_ / "aside")) fs::rename(entry.path(), output_ / entry.path().filename());
    lock.reset();
  };
  const BatchReport report = run();
  EXPECT_EQ(report.already_done, 3U);
  EXPECT_THAT(outcomes_, ElementsAre("a.tif already", "c.tif already", "b.tif already"));
}

/// What a process leaves that is killed by -9 in the middle of a slide.
TEST_F(SharedFolder, WhatADeadProcessLeftIsRemovedAndItsSlideIsDone) {
  fs::create_directories(output_);
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = core::WorkLock::try_to_take(output::lock_path(output_ / "b")).lock;
    const output::StagedResult staged(output_ / "b");
    std::ofstream(fs::path(staged.stem()) += ".h5") << "half";
    [[maybe_unused]] const auto told = write(ready[1], "!", 1);
    pause();
    _exit(99);
  }
  char word = 0;
  ASSERT_EQ(read(ready[0], &word, 1), 1);
  EXPECT_EQ(run().elsewhere.size(), 1U);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(parts().size(), 2U);
  EXPECT_EQ(output::read_results(output_).unfinished.size(), 1U);
  const BatchReport report = run();
  EXPECT_THAT(outcomes_, ElementsAre("a.tif already", "c.tif already", "b.tif done"));
  EXPECT_THAT(listener_.lines, HasSubstr("warn " + (archive_ / "b.tif").string() + ": taken over from " + core::host_name() + " pid " +
                                         std::to_string(child)));
  EXPECT_THAT(parts(), IsEmpty());
  for (const int end : ready) close(end);
}

/// The process was stopped for so long that another took its slide over, and has done it by the time it goes on.
TEST_F(SharedFolder, AProcessThatLostItsSlideWritesNothing) {
  run();
  std::map<fs::path, fs::file_time_type> times;
  for (const auto& entry : fs::directory_iterator(output_)) {
    if (entry.path().stem().stem() == "b") times[entry.path()] = fs::last_write_time(entry.path());
  }
  std::unique_ptr<core::WorkLock> other;
  listener_.on_begin = [&] {
    for (const char* name : {"a.lock", "b.lock"}) {  // the first slide
      if (!fs::exists(output_ / name)) continue;
      fs::remove(output_ / name);
      other = core::WorkLock::try_to_take(output_ / name).lock;
    }
  };
  fs::remove(output_ / "a.json");
  const BatchReport report = run();
  EXPECT_THAT(outcomes_, ElementsAre("b.tif already", "c.tif already", "a.tif elsewhere"));
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_THAT(listener_.lines, AllOf(HasSubstr("has taken it over"), HasSubstr("thrown away"), Not(HasSubstr("error "))));
  EXPECT_FALSE(fs::exists(output_ / "a.json"));
  EXPECT_THAT(parts(), ElementsAre("a.lock"));
  for (const auto& [file, time] : times) EXPECT_EQ(fs::last_write_time(file), time) << file;
}

TEST_F(SharedFolder, SummaryKeepsFailuresOfOtherProcessesUntilTheirSlidesAreDone) {
  output::record_failure(output_, (archive_ / "b.tif").string(), "no memory");
  output::record_failure(output_, "elsewhere/x.svs", "no such file");
  IdentitySegmenter network(8, 0.5);
  const std::vector<segment::SlideJob> first{{archive_ / "a.tif", output_ / "a", {}}};
  run_here(first, output_, network, {.tissue = "none"}, kIdentity, {}, {listener_, kNever});
  EXPECT_THAT(summary(), ElementsAre(Pair("a.tif", "complete"), Pair("b.tif", "failed"), Pair("x.svs", "failed")));
  EXPECT_EQ(output::read_results(output_).failed.size(), 2U);
  run();
  EXPECT_THAT(summary(),
              ElementsAre(Pair("a.tif", "complete"), Pair("b.tif", "complete"), Pair("c.tif", "complete"), Pair("x.svs", "failed")));
  // One that fails though it has results of an earlier run; and then is what it was.
  const auto time = fs::last_write_time(archive_ / "b.tif");
  fs::rename(archive_ / "b.tif", folder_ / "b.tif");
  core::write_text_file(archive_ / "b.tif", "II*");
  const std::vector<segment::SlideJob> second{{archive_ / "b.tif", output_ / "b", {}}};
  run_here(second, output_, network, {.tissue = "none"}, kIdentity, {}, {listener_, kNever});
  EXPECT_THAT(summary(),
              ElementsAre(Pair("a.tif", "complete"), Pair("c.tif", "complete"), Pair("b.tif", "failed"), Pair("x.svs", "failed")));
  EXPECT_TRUE(fs::exists(output_ / "b.json")) << "the earlier result is untouched";
  fs::rename(folder_ / "b.tif", archive_ / "b.tif");
  fs::last_write_time(archive_ / "b.tif", time);
  EXPECT_EQ(run().already_done, 3U);
  EXPECT_THAT(summary(),
              ElementsAre(Pair("a.tif", "complete"), Pair("b.tif", "complete"), Pair("c.tif", "complete"), Pair("x.svs", "failed")));
}

/// Another process puts an older view over the summary at the last moment.
TEST_F(SharedFolder, SummaryHoldsAllInTheEnd) {
  run();
  const std::string all = core::read_text_file(output_ / "summary.csv");
  on_outcome_ = [&](const SlideOutcome&) { core::write_text_file(output_ / "summary.csv", all.substr(0, all.find('\n') + 1)); };
  run();
  EXPECT_EQ(core::read_text_file(output_ / "summary.csv"), all);
}

TEST_F(SharedFolder, ResultsThatLostOrChangedAFileAreMadeAgain) {
  run();
  const std::string whole = core::read_text_file(output_ / "b.geojson");
  for (const char* name : {"b.tif", "b.h5", "b.overlay.jpg", "b.tissue.jpg", "b.geojson"}) {
    fs::remove(output_ / name);
    EXPECT_EQ(run().done, 1U) << name;
    EXPECT_THAT(listener_.lines,
                HasSubstr("warn " + (archive_ / "b.tif").string() + ": is made again: of its complete results " + name + " is gone\n"));
    EXPECT_TRUE(fs::exists(output_ / name));
    std::ofstream(output_ / name, std::ios::app) << "more";
    EXPECT_EQ(run().done, 1U) << name;
    EXPECT_THAT(listener_.lines, HasSubstr(std::string("of its complete results ") + name + " has "));
  }
  EXPECT_EQ(core::read_text_file(output_ / "b.geojson"), whole);
  EXPECT_EQ(run().already_done, 3U);
}

TEST_F(SharedFolder, ResultsWithOtherBytesAreMadeAgainWhenTheyAreVerified) {
  run();
  std::string labels = core::read_text_file(output_ / "b.tif");
  const std::string before = labels;
  labels[labels.size() / 2] = static_cast<char>(labels[labels.size() / 2] ^ 1);
  core::write_text_file(output_ / "b.tif", labels);
  EXPECT_EQ(run().already_done, 3U) << "sizes say nothing of it";
  const BatchReport report = run({.verify = true});
  EXPECT_EQ(report.done, 1U);
  EXPECT_EQ(report.already_done, 2U);
  EXPECT_THAT(listener_.lines, HasSubstr("b.tif: is made again: of its complete results b.tif has other bytes than were written"));
  EXPECT_EQ(core::read_text_file(output_ / "b.tif"), before);
  EXPECT_EQ(run({.verify = true}).already_done, 3U);
}

TEST_F(SharedFolder, ASlideWithOtherBytesIsDoneAgainThoughItsTimeAndSizeAreAsBefore) {
  run();
  const auto time = fs::last_write_time(archive_ / "b.tif");
  std::string bytes = core::read_text_file(archive_ / "b.tif");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  core::write_text_file(archive_ / "b.tif", bytes);
  fs::last_write_time(archive_ / "b.tif", time);
  EXPECT_EQ(run().done, 1U);
}

TEST_F(SharedFolder, SaysWhatIsReplacedBeforeItIs) {
  run();
  const auto warning_of = [&](const segment::RunIdentity& identity) {
    bool there = true;
    listener_.on_begin = [&] { there = fs::exists(output_ / "a.json") && listener_.lines.find("warn") != std::string::npos; };
    run({}, identity);
    EXPECT_TRUE(there);
    EXPECT_EQ(std::count(listener_.lines.begin(), listener_.lines.end(), '\n'), 7) << listener_.lines;  // one a slide, beside what is told
    const std::size_t begin = listener_.lines.find("warn ");
    return listener_.lines.substr(begin, listener_.lines.find('\n', begin) - begin);
  };
  const std::string start = "warn " + (archive_ / "a.tif").string() + ": its results replace those of ";
  const std::string end = " in " + (output_ / "a").string() + ".*";
  EXPECT_EQ(warning_of({"new.safetensors", "89ab", "4567"}), start + "another model (model)" + end);
  EXPECT_EQ(warning_of({"new.safetensors", "89ab", "cdef"}), start + "other options" + end);
  EXPECT_EQ(warning_of({"model", "0123", "4567"}), start + "another model (new.safetensors) and other options" + end);
  EXPECT_EQ(warning_of({"model", "0123", "ab12", {{"crf", "false"}, {"overlap", "0.5"}}}), start + "other options" + end)
      << "what the results of an older version say";
  EXPECT_EQ(warning_of({"model", "0123", "4567", {{"crf", "true"}, {"overlap", "0.25"}}}),
            start + "other options (crf was false, is true; overlap was 0.5, is 0.25)" + end);
  for (const char* name : {"a.tif", "b.tif", "c.tif"}) fs::last_write_time(archive_ / name, fs::file_time_type::clock::now());
  EXPECT_EQ(warning_of({"model", "0123", "4567"}), start + "this slide's file as it was before" + end);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::archive
