#include "thread_team.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>

namespace wsi_lpd::crf {
namespace {

TEST(ThreadTeam, DoesEveryTaskOnce) {
  for (const int size : {1, 2, 5}) {
    ThreadTeam team(size);
    ASSERT_EQ(team.size(), size);
    for (const std::int64_t count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> done(static_cast<std::size_t>(count)), busy(static_cast<std::size_t>(size));
      std::atomic<int> faults = 0;
      team.for_each(count, [&](std::int64_t i, int worker) {
        if (worker < 0 || worker >= size || busy[static_cast<std::size_t>(worker)]++ != 0) ++faults;
        ++done[static_cast<std::size_t>(i)];
        --busy[static_cast<std::size_t>(worker)];
      });
      EXPECT_EQ(faults, 0) << "a worker's number is beyond the team, or two tasks have it at once";
      for (std::size_t i = 0; i < done.size(); ++i) EXPECT_EQ(done[i], 1) << i << " of " << count << ", " << size << " threads";
    }
  }
}

TEST(ThreadTeam, AloneRunsInOrderOnTheCallersThread) {
  ThreadTeam team(1);
  const auto caller = std::this_thread::get_id();
  std::vector<std::int64_t> order;
  team.for_each(20, [&](std::int64_t i, int worker) {
    EXPECT_EQ(worker, 0);
    EXPECT_EQ(std::this_thread::get_id(), caller);
    order.push_back(i);
  });
  std::vector<std::int64_t> expected(20);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(ThreadTeam, TakesTheMachinesCoresByDefault) {
  EXPECT_EQ(ThreadTeam(0).size(), std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
}

/// Two tasks that wait for each other: they end only when two threads work at the same time.
TEST(ThreadTeam, ThreadsWorkAtTheSameTime) {
  ThreadTeam team(2);
  std::atomic<int> arrived = 0;
  team.for_each(2, [&](std::int64_t, int) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
  });
  EXPECT_EQ(arrived, 2);
}

TEST(ThreadTeam, ManyShortLoopsLoseNothing) {
  ThreadTeam team(3);
  std::int64_t sum = 0;
  for (std::int64_t loop = 0; loop < 3000; ++loop) {
    std::atomic<std::int64_t> here = 0;
    team.for_each(loop % 5, [&](std::int64_t i, int) { here += i + 1; });
    sum += here;
  }
  EXPECT_EQ(sum, 600 * (0 + 1 + 3 + 6 + 10));
}

TEST(ThreadTeam, RethrowsAndWorksOn) {
  for (const int size : {1, 4}) {
    ThreadTeam team(size);
    for (int round = 0; round < 50; ++round) {
      std::atomic<int> done = 0;
      const auto fail = [&](std::int64_t i, int) {
        if (i == 10) throw std::runtime_error("ten");
        ++done;
      };
      EXPECT_THROW(team.for_each(1000, fail), std::runtime_error);
      EXPECT_LT(done, 1000);
      EXPECT_THROW(team.for_each(100, [](std::int64_t, int) { throw std::logic_error("each"); }), std::logic_error);
      done = 0;
      team.for_each(100, [&](std::int64_t, int) { ++done; });
      EXPECT_EQ(done, 100) << "an error of an earlier loop has no effect";
    }
  }
}

}  // namespace
}  // namespace wsi_lpd::crf
