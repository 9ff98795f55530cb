// Worker processes that crash, hang, run out of memory, or can't be started; each costs one slide at most.
#include "wsi_lpd/pipeline/archive/workers.hpp"

#include <dirent.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>
#include <thread>

#include "pipeline/archive/run_here.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "worker_messages.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/pipeline/archive/find_slides.hpp"

namespace wsi_lpd::pipeline::archive {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr std::uint8_t kCrash = 101, kHang = 102, kEatMemory = 103, kCrashOnce = 104, kLoseDevice = 105, kLoseDeviceOnce = 106;

struct Listener : core::SilentObserver {
  void warn(const std::string& line) override { warnings.push_back(line); }
  std::vector<std::string> warnings;
};

std::size_t open_files() {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

class Workers : public ::testing::Test {
 protected:
  Workers() { fs::create_directories(archive_); }

  void add(const std::string& name, std::uint8_t red, core::Size size = {300, 200}) {
    const core::Colour colour = red == 0 ? testing::kPaint[0] : core::Colour{red, 7, 7};
    testing::write_slide(archive_ / name, size, 0.5, [&](auto, auto) { return colour; });
  }

  BatchReport run(int count, WorkerOptions options = {}, const std::string& what = {}, const core::CancelFlag& cancel = kNever) {
    options.program = WSI_LPD_WORKER_PROGRAM;
    options.arguments = {"worker", (folder_ / "mark").string(), what};
    if (options.shares.empty()) options.shares.assign(static_cast<std::size_t>(count), {1, "cpu"});
    options.on_log = [&](std::size_t, const std::string& line) { log_.push_back(line); };
    const auto runner = runner_in_workers(options, kIdentity, listener_, cancel);
    outcomes_.clear();
    const auto on_outcome = [&](const SlideOutcome& outcome) {
      const char* const names[] = {"done", "already", "failed", "elsewhere"};
      outcomes_.push_back(outcome.slide.filename().string() + " " + names[static_cast<int>(outcome.kind)]);
      EXPECT_EQ(outcome.statistics.has_value(), outcome.kind == SlideOutcome::Kind::Done);
      if (on_outcome_) on_outcome_(outcome);
    };
    return run_batch(find_slides(archive_, output_, kNever).jobs, output_, *runner, kIdentity, {.on_outcome = on_outcome},
                     {listener_, cancel});
  }
  static WorkerOptions limits(std::chrono::seconds timeout, std::chrono::seconds patience) {
    WorkerOptions options;
    options.slide_timeout = timeout;
    options.patience = patience;
    return options;
  }
  std::string failure(const BatchReport& report, const std::string& name) const {
    const auto found = report.failures.find((archive_ / name).string());
    return found == report.failures.end() ? "" : found->second;
  }
  std::vector<std::string> left_behind() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(output_))
      if (entry.path().extension() == ".part" || entry.path().extension() == ".lock") names.push_back(entry.path().filename());
    return names;
  }

  testing::TemporaryFolder folder_;
  fs::path archive_ = folder_ / "archive", output_ = folder_ / "out";
  Listener listener_;
  std::vector<std::string> log_, outcomes_;
  std::function<void(const SlideOutcome&)> on_outcome_;
};

TEST_F(Workers, GiveTheSameResultsAsThisProcess) {
  for (int i = 0; i < 5; ++i) add("s" + std::to_string(i) + ".tif", 0);
  const std::size_t files = open_files();
  const BatchReport report = run(2);
  EXPECT_EQ(report.done, 5U);
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_EQ(open_files(), files);
  testing::IdentitySegmenter network(8, 0.5);
  const fs::path here = folder_ / "here";
  run_here(find_slides(archive_, here, kNever).jobs, here, network, {.tissue = "none"}, kIdentity, {}, {listener_, kNever});
  for (const char* name : {"s0.tif", "s3.geojson", "s4.overlay.jpg"})
    EXPECT_TRUE(core::read_text_file(output_ / name) == core::read_text_file(here / name)) << name;
  EXPECT_EQ(run(2).already_done, 5U);
}

TEST_F(Workers, ACrashCostsOneSlideAfterASecondTry) {
  add("a.tif", 0);
  add("b crash.tif", kCrash);
  add("c.tif", 0);
  add("d once.tif", kCrashOnce);
  const BatchReport report = run(1);
  EXPECT_EQ(report.done, 3U);
  EXPECT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(failure(report, "b crash.tif"),
              AllOf(HasSubstr("b crash.tif: its worker process ended with signal 11 (Segmentation fault) while segmenting (0 of "),
                    HasSubstr(" tiles), twice; its last lines: "), HasSubstr("the codec is lost")));
  EXPECT_THAT(listener_.warnings, ::testing::Contains(AllOf(HasSubstr("d once.tif: its worker process ended with exit code 7"),
                                                            HasSubstr("it is tried once more in a new process"))));
  EXPECT_THAT(left_behind(), IsEmpty());
  EXPECT_THAT(log_, ::testing::Contains("the codec is lost"));
  EXPECT_THAT(core::read_text_file(output_ / "summary.csv"), HasSubstr("signal 11"));
}

TEST_F(Workers, AnEndlessLoopCostsOneSlide) {
  add("a hang.tif", kHang);
  add("b.tif", 0);
  const BatchReport report = run(2, limits(1s, 600s));
  EXPECT_EQ(report.done, 1U);
  EXPECT_THAT(failure(report, "a hang.tif"),
              HasSubstr("its worker process took longer than 1 s (--slide-timeout) while segmenting (0 of "));
  const BatchReport second = run(1, limits(0s, 1s));
  EXPECT_EQ(second.already_done, 1U);
  EXPECT_THAT(failure(second, "a hang.tif"), HasSubstr("did not get beyond one tile for 1 s while segmenting"));
}

TEST_F(Workers, AWantOfMemoryCostsOneSlide) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's memory does not fit into a limit";
#endif
  add("a eater.tif", kEatMemory);
  add("b.tif", 0);
  WorkerOptions options;
  options.shares = {{1, "cpu", std::int64_t{600} << 20}};
  const BatchReport report = run(1, options);
  EXPECT_EQ(report.done, 1U);
  EXPECT_THAT(failure(report, "a eater.tif"), HasSubstr("its worker process ran out of memory (600 MiB: --slide-memory gives more)"));
}

TEST_F(Workers, AGpuThatFailsCostsOneSlideAfterASecondTry) {
  add("a lost.tif", kLoseDevice);
  add("b.tif", 0);
  add("c once.tif", kLoseDeviceOnce);
  const BatchReport report = run(1);
  EXPECT_EQ(report.done, 2U);
  EXPECT_THAT(report.failures, ::testing::SizeIs(1));
  EXPECT_THAT(failure(report, "a lost.tif"),
              AllOf(HasSubstr("a lost.tif: its worker process can't compute any more (segmenting: the device has failed (CUDA error: "
                              "unspecified launch failure)) while segmenting (0 of "),
                    HasSubstr(" tiles), twice"), Not(HasSubstr("\n"))));
  EXPECT_THAT(listener_.warnings, ::testing::Contains(AllOf(HasSubstr("c once.tif: its worker process can't compute any more"),
                                                            HasSubstr("it is tried once more in a new process"))));
  EXPECT_THAT(left_behind(), IsEmpty());
}

TEST_F(Workers, AGpuThatIsGoneLeavesTheRestToTheOthers) {
  add("a once.tif", kLoseDeviceOnce, {230, 150});  // the smallest comes last, when both workers are there
  for (int i = 0; i < 4; ++i) add("b" + std::to_string(i) + ".tif", 0);
  const BatchReport report = run(2, {}, "gone");
  EXPECT_EQ(report.done, 4U);
  EXPECT_THAT(failure(report, "a once.tif"), AllOf(HasSubstr("CUDA error: unspecified launch failure"),
                                                   HasSubstr("no new one can be started: --device cuda:0: this machine")));
  EXPECT_THAT(listener_.warnings, ::testing::Contains(HasSubstr("can't be started any more, and the batch goes on without it")));
}

TEST_F(Workers, WithoutAnyDeviceTheBatchEndsAndLeavesTheRest) {
  add("a once.tif", kLoseDeviceOnce);
  for (int i = 0; i < 3; ++i) add("b" + std::to_string(i) + ".tif", 0);
  try {
    run(1, {}, "gone");
    ADD_FAILURE() << "nobody is left who could go on";
  } catch (const core::Error& error) {
    EXPECT_STREQ(error.what(), "no worker process can be started any more: --device cuda:0: this machine has 0 usable GPUs");
  }
  EXPECT_THAT(core::read_text_file(output_ / "summary.csv"), AllOf(HasSubstr("a once.tif"), HasSubstr("CUDA error")));
  EXPECT_THAT(left_behind(), IsEmpty());
}

TEST_F(Workers, InThisProcessAGpuThatFailsEndsTheBatch) {
  struct Failing : testing::IdentitySegmenter {
    using IdentitySegmenter::IdentitySegmenter;
    std::unique_ptr<Pending> submit(std::unique_ptr<segment::TileBuffer>, int, int, std::span<const std::uint8_t>) override {
      lost = true;
      throw core::Error("segmenting: the device has failed (CUDA error: unspecified launch failure)");
    }
    bool is_lost() const override { return lost; }
    bool lost = false;
  } network(8, 0.5);
  for (int i = 0; i < 3; ++i) add("s" + std::to_string(i) + ".tif", 0);
  try {
    run_here(find_slides(archive_, output_, kNever).jobs, output_, network, {.tissue = "none"}, kIdentity, {}, {listener_, kNever});
    ADD_FAILURE() << "this process can't go on";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("with --workers 1 it goes on by itself"));
  }
  EXPECT_THAT(core::read_text_file(output_ / "summary.csv"), HasSubstr("CUDA error: unspecified launch failure"));
}

TEST_F(Workers, WhatIsWrongWithTheRunEndsTheBatch) {
  add("a.tif", 0);
  const auto refusal = [&](const std::string& what) -> std::string {
    try {
      run(2, {}, what);
    } catch (const core::UsageError& error) {
      return std::string("usage: ") + error.what();
    } catch (const core::Error& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_EQ(refusal("refuses"), "usage: no such model");
  EXPECT_THAT(refusal("other tile"), HasSubstr("usage: "));
  EXPECT_EQ(refusal("other model"), "model: has changed since this batch began; start the batch again");
  EXPECT_THAT(refusal("dies"), HasSubstr("a worker process ended with exit code 5 before it was ready"));
  EXPECT_FALSE(fs::exists(output_ / "a.json"));
  WorkerOptions options;
  options.program = WSI_LPD_WORKER_PROGRAM;
  options.arguments = {"worker", "", "refuses"};
  options.shares = {{1, "cpu"}};
  EXPECT_THROW(runner_in_workers(options, kIdentity, listener_, kNever)->prepare(), core::UsageError);
  options.program = "/absent";
  EXPECT_THROW(runner_in_workers(options, kIdentity, listener_, kNever)->prepare(), core::Error);
}

TEST_F(Workers, OfABatchWithoutSlidesHaveNothingToDo) {
  WorkerOptions options;
  options.program = WSI_LPD_WORKER_PROGRAM;
  const auto runner = runner_in_workers(options, kIdentity, listener_, kNever);
  runner->prepare();
  EXPECT_EQ(run_batch({}, output_, *runner, kIdentity, {}, {listener_, kNever}).done, 0U);
}

TEST_F(Workers, EndWhenTheBatchIsStopped) {
  add("a hang.tif", kHang);
  add("b.tif", 0);
  core::CancelFlag cancel{false};
  on_outcome_ = [&](const SlideOutcome&) { cancel = true; };
  const auto before = std::chrono::steady_clock::now();
  EXPECT_THROW(run(2, {}, {}, cancel), core::Cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 20s) << "8 s for one that hangs";
}

TEST(WorkerMessages, KeepEveryByteOfAName) {
  std::string bytes;
  for (int byte = 1; byte < 256; ++byte) bytes += static_cast<char>(byte);
  const segment::SlideJob job{bytes, "out/" + bytes, 0.25, "why " + bytes, "stage/" + bytes};
  const std::string line = line_of(message_of(job, true));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  const auto message = message_of(line);
  ASSERT_TRUE(message);
  const segment::SlideJob back = job_of(*message);
  EXPECT_EQ(back.slide, job.slide);
  EXPECT_EQ(back.stem, job.stem);
  EXPECT_EQ(back.mpp, job.mpp);
  EXPECT_EQ(back.failure, job.failure);
  EXPECT_EQ(back.read_from, job.read_from);
  EXPECT_FALSE(message_of("{\"half\": "));
  EXPECT_FALSE(message_of("free(): invalid pointer"));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::archive
