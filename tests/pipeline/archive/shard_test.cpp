// Which slides of an archive belong to which of several tasks.
#include "wsi_lpd/pipeline/archive/shard.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::pipeline::archive {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Sizes as in archives: most slides alike, a few much larger, some of the same size, some empty.
std::vector<SizedSlide> random_archive(std::mt19937& random, std::size_t slides) {
  std::lognormal_distribution<double> bytes(20, 1.5);
  std::vector<SizedSlide> archive;
  for (std::size_t i = 0; i < slides; ++i) {
    const auto kind = random() % 8;
    const std::uint64_t size = kind == 0 ? 0 : kind == 1 ? 1'000'000 : static_cast<std::uint64_t>(bytes(random));
    archive.push_back({"case" + std::to_string(random() % 50) + "/" + std::to_string(i) + ".svs", size});
  }
  return archive;
}

std::map<std::string, int> by_path(const std::vector<SizedSlide>& slides, int count) {
  const std::vector<int> shards = shards_of(slides, count);
  std::map<std::string, int> assigned;
  for (std::size_t i = 0; i < slides.size(); ++i) assigned[slides[i].path] = shards.at(i);
  return assigned;
}

TEST(Shards, HoldEachSlideOnceAndAreBalanced) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 200; ++trial) {
    const std::vector<SizedSlide> slides = random_archive(random, random() % 200);
    const int count = 1 + static_cast<int>(random() % 20);
    SCOPED_TRACE(std::to_string(slides.size()) + " slides in " + std::to_string(count) + " shards");
    const std::vector<int> shards = shards_of(slides, count);
    ASSERT_EQ(shards.size(), slides.size()) << "each slide has one";
    std::vector<std::uint64_t> bytes(static_cast<std::size_t>(count));
    std::uint64_t largest = 0;
    for (std::size_t i = 0; i < slides.size(); ++i) {
      ASSERT_GE(shards[i], 1);
      ASSERT_LE(shards[i], count);
      bytes[static_cast<std::size_t>(shards[i] - 1)] += slides[i].bytes;
      largest = std::max(largest, slides[i].bytes);
    }
    EXPECT_LE(std::ranges::max(bytes) - std::ranges::min(bytes), largest);
  }
}

TEST(Shards, DoNotDependOnTheOrderOfTheSlides) {
  std::mt19937 random(8);
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<SizedSlide> slides = random_archive(random, 1 + random() % 100);
    const int count = 1 + static_cast<int>(random() % 9);
    const auto before = by_path(slides, count);
    std::ranges::shuffle(slides, random);
    EXPECT_EQ(by_path(slides, count), before);
  }
}

TEST(Shards, AreTheSameInEveryRelease) {
  EXPECT_THAT(shards_of({{"a", 5}, {"b", 9}, {"c", 5}, {"d", 1}, {"e", 4}}, 2), ElementsAre(2, 1, 2, 2, 1));
  EXPECT_THAT(shards_of({{"d", 3}, {"c", 3}, {"b", 3}, {"a", 3}}, 3), ElementsAre(1, 3, 2, 1)) << "equal sizes by path";
  EXPECT_THAT(shards_of({{"a", 0}, {"b", 0}, {"c", 0}}, 2), ElementsAre(1, 2, 1)) << "equal loads by the number of slides";
  EXPECT_THAT(shards_of({{"a", 7}}, 3), ElementsAre(1)) << "more shards than slides";
  EXPECT_THAT(shards_of({}, 3), IsEmpty());
}

TEST(Shards, AreNamedByTwoNumbers) {
  EXPECT_EQ(parse_shard("1/1").text(), "1/1");
  EXPECT_EQ(parse_shard("3/8").number, 3);
  EXPECT_EQ(parse_shard("3/8").count, 8);
  EXPECT_EQ(parse_shard("1000000/1000000").count, kMostShards);
  for (const char* text :
       {"0/8", "9/8", "3/0",   "0/0",  "-1/8", "3/-8",  "+3/8",    "3",         "3/",           "/8",
        "",    "/",   "3/8/9", " 3/8", "3/8 ", "3.0/8", "three/8", "1/1000001", "4294967297/8", "3/99999999999999999999"}) {
    SCOPED_TRACE(text);
    try {
      parse_shard(text);
      ADD_FAILURE() << "was taken";
    } catch (const core::UsageError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("'" + std::string(text) + "' is no shard"), HasSubstr("such as 3/8")));
    }
  }
}

class ShardOfJobs : public ::testing::Test {
 protected:
  /// An archive of three slides in `root`, of 300, 200 and 100 bytes.
  static JobList archive(const fs::path& root) {
    fs::create_directories(root / "sub");
    JobList jobs;
    for (const auto& [name, bytes] : std::map<std::string, std::size_t>{{"a.svs", 100}, {"b.svs", 300}, {"sub/c.svs", 200}}) {
      core::write_text_file(root / name, std::string(bytes, 'x'));
      jobs.push_back({root / name, "out" / fs::path(name), {}, {}});
    }
    return jobs;
  }
  static std::vector<std::string> names(const JobList& jobs, const fs::path& root) {
    std::vector<std::string> names;
    for (const segment::SlideJob& job : jobs) names.push_back(job.slide.lexically_relative(root));
    return names;
  }
  testing::TemporaryFolder folder_;
};

TEST_F(ShardOfJobs, KeepsItsSlidesAndTellsTheirShare) {
  const fs::path root = folder_ / "archive";
  auto first = archive(root), second = archive(root), third = archive(root);
  ShardShare share = keep_shard(first, root, {1, 2});
  EXPECT_THAT(names(first, root), ElementsAre("b.svs"));
  EXPECT_EQ(share.slides, 1U);
  EXPECT_EQ(share.slides_of_all, 3U);
  EXPECT_EQ(share.bytes, 300U);
  EXPECT_EQ(share.bytes_of_all, 600U);
  keep_shard(second, root, {2, 2});
  EXPECT_THAT(names(second, root), ElementsAre("a.svs", "sub/c.svs")) << "in the order of the jobs";
  EXPECT_EQ(second[1].stem, "out/sub/c.svs");
  fs::remove(root / "b.svs");
  share = keep_shard(third, root, {1, 2});
  EXPECT_THAT(names(third, root), ElementsAre("sub/c.svs")) << "a file that is not there has no bytes, and goes last";
  EXPECT_EQ(share.bytes_of_all, 300U);
}

/// The pixels of MIRAX slides are in the folder beside the file.
TEST_F(ShardOfJobs, CountsTheFolderBesideTheFile) {
  const fs::path root = folder_ / "archive";
  auto jobs = archive(root);
  core::write_text_file(root / "m.mrxs", "x");
  fs::create_directories(root / "m");
  core::write_text_file(root / "m/Data0000.dat", std::string(1000, 'x'));
  jobs.push_back({root / "m.mrxs", "out/m", {}, {}});
  EXPECT_EQ(keep_shard(jobs, root, {1, 2}).bytes, 1001U);
  EXPECT_THAT(names(jobs, root), ElementsAre("m.mrxs"));
}

/// Equal sizes go by path: one that counts from the source is the same wherever the archive is mounted.
TEST_F(ShardOfJobs, CountsPathsFromTheSource) {
  const auto equal = [&](const fs::path& root, const std::vector<std::string>& names) {
    JobList jobs;
    for (const std::string& name : names) {
      fs::create_directories((root / name).parent_path());
      core::write_text_file(root / name, "same size");
      jobs.push_back({root / name, name, {}, {}});
    }
    return jobs;
  };
  for (const char* mount : {"A", "other/zone"}) {
    const fs::path root = folder_ / mount;
    for (const std::string& source : {root.string(), root.string() + "/", root.string() + "/./", (root / "list.txt").string()}) {
      SCOPED_TRACE(source);
      auto jobs = equal(root, {"z.svs", "../b.svs", "a/x.svs"});
      core::write_text_file(root / "list.txt", "");
      keep_shard(jobs, source, {1, 3});
      EXPECT_THAT(names(jobs, root), ElementsAre("../b.svs"));
    }
  }
}

}  // namespace
}  // namespace wsi_lpd::pipeline::archive
