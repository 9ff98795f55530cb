#include "wsi_lpd/output/journal.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::output {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const RunRecord kRun{"1.2.3", {"batch", "archive", "-o", "out"}, "m.safetensors", "0123", "4567"};

TEST(Journal, SaysHowARunWent) {
  const testing::TemporaryFolder folder;
  Journal journal(folder.path(), kRun);
  journal.plan(10, 4);
  journal.taken("a.svs");
  journal.taken("b.svs");
  journal.progress(0.25, 60.0);
  journal.progress(0.5, 30.0);  // too soon after the one before
  journal.ended("a.svs", "done", "");
  journal.ended("c.svs", "failed", "is \"broken\"\nin two lines");
  journal.ended("d.svs", "elsewhere", "host pid 3");
  const auto running = read_journal(journal.path());
  ASSERT_TRUE(running);
  EXPECT_EQ(running->run.version, "1.2.3");
  EXPECT_EQ(running->run.arguments, kRun.arguments);
  EXPECT_EQ(running->run.model_path, "m.safetensors");
  EXPECT_EQ(running->run.host, core::host_name());
  EXPECT_EQ(running->run.pid, getpid());
  EXPECT_TRUE(running->is_alive);
  EXPECT_EQ(running->slides, 10);
  EXPECT_EQ(running->already_done, 4);
  EXPECT_EQ(running->done, 1);
  EXPECT_EQ(running->failed, 1);
  EXPECT_EQ(running->elsewhere, 1);
  EXPECT_EQ(running->in_work.size(), 1U);
  EXPECT_TRUE(running->in_work.contains("b.svs"));
  EXPECT_DOUBLE_EQ(running->share, 0.25);
  EXPECT_EQ(running->seconds_left, 60.0);
  EXPECT_TRUE(running->end.empty());
  const std::string text = core::read_text_file(journal.path());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 8);

  journal.stop("finished");
  const auto runs = read_journals(folder.path());
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].end, "finished");
  EXPECT_EQ(runs[0].share, 1);
  EXPECT_FALSE(runs[0].is_alive);
  const auto json = nlohmann::json::parse(run_text(folder.path(), runs[0], {{"c.svs", "is broken"}}, {{"hdf5", "1"}}));
  EXPECT_EQ(json["failures"][0]["slide"], "c.svs");
  EXPECT_EQ(json["done"], 1);
}

TEST(Journal, TornAndForeignLinesAreLeftOut) {
  const testing::TemporaryFolder folder;
  Journal journal(folder.path(), kRun);
  journal.plan(3, 0);
  journal.ended("a.svs", "done", "");
  {
    std::ofstream file(journal.path(), std::ios::app);
    file << "{\"event\":\"of the future\",\"time\":1}\n[1]\n{\"event\":\"plan\",\"time\":1,\"slides\":\"many\"}\n{\"event\":\"ended\",\"ti";
  }
  EXPECT_EQ(read_journal(journal.path())->done, 1);
  EXPECT_EQ(read_journal(journal.path())->slides, 3);
  core::write_text_file(folder.path() / "journal" / "notes.jsonl", "{\"event\":\"run\"}\n");
  core::write_text_file(folder.path() / "journal" / "empty.jsonl", "");
  EXPECT_EQ(read_journals(folder.path()).size(), 1U);
}

TEST(Journal, OfAKilledProcessIsNotAlive) {
  const testing::TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const Journal journal(folder.path(), kRun);
    [[maybe_unused]] const auto told = write(ready[1], "!", 1);
    pause();
    _exit(99);
  }
  char word = 0;
  ASSERT_EQ(read(ready[0], &word, 1), 1);
  EXPECT_TRUE(read_journals(folder.path()).at(0).is_alive);
  RunRecord other = kRun;
  other.version = "2.0.0";
  try {
    const Journal refused(folder.path(), other);
    FAIL();
  } catch (const core::UsageError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("1.2.3"), HasSubstr("2.0.0"), HasSubstr("pid " + std::to_string(child))));
  }
  RunRecord changed = kRun;
  changed.configuration_sha256 += "0";
  EXPECT_THROW(Journal(folder.path(), changed), core::UsageError) << "results of two runs would replace each other";
  changed = kRun;
  changed.model_sha256 += "0";
  EXPECT_THROW(Journal(folder.path(), changed), core::UsageError);
  EXPECT_EQ(read_journals(folder.path()).size(), 1U) << "what is refused leaves no journal";
  const Journal same(folder.path(), kRun);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(std::ranges::count_if(read_journals(folder.path()), &RunState::is_alive), 1);
  const auto locks = [&] {
    return std::ranges::count_if(fs::directory_iterator(folder.path() / "journal"),
                                 [](const auto& entry) { return entry.path().extension() == ".lock"; });
  };
  EXPECT_EQ(locks(), 2);
  const Journal next(folder.path(), kRun);
  EXPECT_EQ(locks(), 2) << "its own and that of the one that lives";
  for (const int end : ready) close(end);
}

TEST(Journal, TimesAreUtc) { EXPECT_EQ(utc_text(1795962401), "2026-11-29T14:26:41Z"); }

}  // namespace
}  // namespace wsi_lpd::output
