// Slides that are copied ahead to a local disk: within their space, with the same results, and nothing stays.
#include "wsi_lpd/pipeline/archive/staging.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "pipeline/archive/run_here.hpp"
#include "pipeline/heard_lines.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/pipeline/archive/find_slides.hpp"

namespace wsi_lpd::pipeline::archive {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t kMiB = 1 << 20;

/// Bytes of all files in a folder that changes meanwhile.
std::uint64_t bytes_in(const fs::path& folder) {
  std::error_code gone;
  std::uint64_t bytes = 0;
  for (auto entry = fs::recursive_directory_iterator(folder, gone); !gone && entry != fs::end(entry); entry.increment(gone)) {
    std::error_code absent;
    const auto size = entry->path().extension() == ".lock" ? 0 : fs::file_size(entry->path(), absent);
    if (!absent) bytes += size;
  }
  return bytes;
}

/// Looks all the time at how much the copies take.
class Watcher {
 public:
  explicit Watcher(fs::path folder)
      : folder_(std::move(folder)), thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) most_ = std::max<std::uint64_t>(most_, bytes_in(folder_));
        }) {}
  std::uint64_t most() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    return most_;
  }

 private:
  fs::path folder_;
  std::uint64_t most_ = 0;
  std::jthread thread_;
};

class Staged : public ::testing::Test {
 protected:
  Staged() { fs::create_directories(archive_); }

  /// A slide of so many bytes: what follows a TIFF's images is nobody's.
  void paint(const std::string& name, std::uint64_t bytes = kMiB, core::Colour colour = testing::kPaint[0]) const {
    testing::write_slide(archive_ / name, {300, 200}, 0.5, [&](auto, auto) { return colour; });
    fs::resize_file(archive_ / name, bytes);
  }
  std::vector<std::string> in_stage() const {
    std::vector<std::string> names;
    if (fs::exists(stage_))
      for (const auto& entry : fs::recursive_directory_iterator(stage_)) names.push_back(entry.path().lexically_relative(stage_));
    return names;
  }
  std::unique_ptr<Staging> staging(std::uint64_t space) { return start_staging({stage_, space}, heard_); }
  void plan(Staging& staging, const std::vector<std::string>& names) const {
    std::vector<Staging::Slide> slides;
    for (const std::string& name : names) slides.push_back({slides.size(), {archive_ / name, "out/" + name, {}}});
    staging.plan(std::move(slides), [](const segment::SlideJob&) { return true; });
  }
  static Staging::Next next(Staging& staging) {
    for (;;) {
      if (const auto next = staging.next()) return *next;
      staging.wait();
    }
  }
  BatchReport run(const fs::path& output, const BatchOptions& batch = {}, const core::CancelFlag& cancel = kNever) {
    testing::IdentitySegmenter network(8, 0.5);
    return run_here(find_slides(archive_, output, kNever).jobs, output, network, {.tissue = "none", .prototypes = true}, kIdentity, batch,
                    {heard_, cancel});
  }
  /// Files of results, without what differs from run to run.
  static std::map<std::string, std::string> results(const fs::path& output) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(output)) {
      if (!entry.is_regular_file()) continue;
      std::string& text = files[entry.path().lexically_relative(output)] = core::read_text_file(entry.path());
      if (entry.path().filename() == "summary.csv") text.clear();  // has times, too
      if (entry.path().extension() != ".json") continue;
      auto json = nlohmann::json::parse(text);
      for (const char* varying : {"seconds", "peak_memory_bytes"}) json.erase(varying);
      text = json.dump();
    }
    return files;
  }

  testing::TemporaryFolder folder_;
  fs::path archive_ = folder_ / "archive", stage_ = folder_ / "stage";
  testing::HeardLines heard_;
};

TEST_F(Staged, CopiesNeverTakeMoreThanTheirSpace) {
  std::vector<std::string> names;
  for (int i = 0; i < 9; ++i) paint(names.emplace_back("s" + std::to_string(i) + ".tif"), (9 - static_cast<std::uint64_t>(i)) * kMiB / 4);
  constexpr std::uint64_t kSpace = 4 * kMiB;
  fs::create_directory(stage_);
  Watcher watcher(stage_);
  std::set<std::size_t> copied, in_place;
  {
    const auto made = staging(kSpace);
    plan(*made, names);
    std::deque<std::size_t> in_work;  // two at a time
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Staging::Next slide = next(*made);
      EXPECT_LE(bytes_in(stage_), kSpace);
      if (slide.read_from.empty()) {
        in_place.insert(slide.slide);
      } else {
        copied.insert(slide.slide);
        EXPECT_EQ(slide.read_from.filename(), names[slide.slide]);
        EXPECT_TRUE(core::read_text_file(slide.read_from) == core::read_text_file(archive_ / names[slide.slide])) << slide.slide;
      }
      in_work.push_back(slide.slide);
      if (in_work.size() < 2) continue;
      made->ended(in_work.front());
      in_work.pop_front();
    }
    EXPECT_FALSE(made->next());
  }
  EXPECT_LE(watcher.most(), kSpace);
  EXPECT_GT(watcher.most(), 0U);
  EXPECT_EQ(copied.size() + in_place.size(), names.size());
  EXPECT_TRUE(copied.contains(0)) << "where nothing is in work, there is space";
  EXPECT_THAT(in_stage(), IsEmpty());
  EXPECT_THAT(heard_.warnings, IsEmpty());
}

TEST_F(Staged, ResultsAreThoseOfABatchWithoutIt) {
  paint("a.tif");
  paint("b.tif", kMiB, testing::kPaint[1]);
  core::write_text_file(archive_ / "broken.svs", std::string("II*\0", 4) + "nothing");
  fs::copy_file(archive_ / "a.tif", archive_ / "cut.tif");
  fs::resize_file(archive_ / "cut.tif", 300);
  const BatchReport plain = run(folder_ / "plain");
  const std::vector<std::string> warnings = std::exchange(heard_.warnings, {});
  {
    const auto made = staging(64 * kMiB);
    const BatchReport staged = run(folder_ / "staged", {.staging = made.get()});
    EXPECT_EQ(staged.done, 2U);
    EXPECT_EQ(staged.failures, plain.failures);
    EXPECT_EQ(bytes_in(stage_), 0U) << "each copy is removed when its slide has ended, well or not";
  }
  EXPECT_EQ(heard_.warnings, warnings);
  auto files = results(folder_ / "staged"), others = results(folder_ / "plain");
  EXPECT_TRUE(files.contains("a.json") && files.contains("a.prototypes.jpg"));
  EXPECT_TRUE(files == others);
  EXPECT_THAT(in_stage(), IsEmpty());
  EXPECT_EQ(run(folder_ / "staged").already_done, 2U) << "the slide's own state is recorded";
}

/// The copies are what is read: another picture in their place gives another result.
TEST_F(Staged, SlidesAreReadFromTheirCopies) {
  paint("a.tif");
  paint("other.tif", kMiB, testing::kPaint[1]);
  fs::last_write_time(archive_ / "other.tif", fs::last_write_time(archive_ / "a.tif"));
  testing::IdentitySegmenter network(8, 0.5);
  segment::SlideJob job{archive_ / "a.tif", folder_ / "out", {}};
  job.read_from = archive_ / "other.tif";
  const auto statistics = segment::segment_slide(job, network, {.tissue = "none"}, kIdentity, {heard_, kNever});
  EXPECT_EQ(statistics.slide, job.slide.string());
  EXPECT_EQ(statistics.per_class[0].pixels, 0);
  EXPECT_GT(statistics.per_class[1].pixels, 0);
}

TEST_F(Staged, ErrorsNameTheSlideAndNotTheCopy) {
  paint("a.tif");
  fs::create_directory(stage_);
  fs::copy_file(archive_ / "a.tif", stage_ / "a.tif");
  fs::last_write_time(stage_ / "a.tif", fs::last_write_time(archive_ / "a.tif"));
  testing::IdentitySegmenter network(8, 0.5);
  segment::SlideJob job{archive_ / "a.tif", folder_ / "out", 50};  // no µm/px that can be
  const auto failure = [&]() -> std::string {
    try {
      segment::segment_slide(job, network, {.tissue = "none"}, kIdentity, {heard_, kNever});
    } catch (const core::Error& error) {
      return error.what();
    }
    return "none";
  };
  const std::string plain = failure();
  EXPECT_THAT(plain, HasSubstr("a.tif: 50 um/px was given"));
  job.read_from = stage_ / "a.tif";
  EXPECT_EQ(failure(), plain);
}

TEST_F(Staged, ACopyThatIsOlderThanItsSlideIsNotRead) {
  paint("a.tif", kMiB, testing::kPaint[1]);
  const auto made = staging(64 * kMiB);
  plan(*made, {"a.tif"});
  segment::SlideJob job{archive_ / "a.tif", folder_ / "out", {}};
  job.read_from = next(*made).read_from;
  ASSERT_FALSE(job.read_from.empty());
  fs::remove(job.slide);
  paint("a.tif", kMiB + 1);
  testing::IdentitySegmenter network(8, 0.5);
  const auto statistics_of_slide = [&] { return segment::segment_slide(job, network, {.tissue = "none"}, kIdentity, {heard_, kNever}); };
  EXPECT_GT(statistics_of_slide().per_class[0].pixels, 0);
  EXPECT_THAT(heard_.warnings, Contains(HasSubstr("a.tif: is read in place: the file has changed since it was copied to ")));
  made->ended(0);
  const auto statistics = statistics_of_slide();
  EXPECT_GT(statistics.per_class[0].pixels, 0);
  EXPECT_THAT(statistics.warnings, IsEmpty()) << "it is no fact of the result";
  EXPECT_THAT(heard_.warnings, Contains(AllOf(HasSubstr("a.tif: is read in place: its copy "), HasSubstr(" is gone"))));
}

TEST_F(Staged, ASlideLargerThanTheSpaceIsReadInPlaceAndThisIsSaidOnce) {
  paint("a.tif", 3 * kMiB);
  paint("b.tif", 2 * kMiB + 1);
  paint("c.tif", kMiB);
  const auto made = staging(2 * kMiB);
  plan(*made, {"a.tif", "b.tif", "c.tif"});
  for (int i = 0; i < 3; ++i) {
    const Staging::Next slide = next(*made);
    EXPECT_EQ(slide.read_from.empty(), slide.slide != 2) << slide.slide;
  }
  EXPECT_THAT(heard_.infos,
              ElementsAre(AllOf(HasSubstr("a.tif: is read in place: it has 3.0 MiB"), HasSubstr("--stage-space is 2.0 MiB"))));
}

/// While a slide takes all of the space, whoever has nothing to do reads the next in place.
TEST_F(Staged, TooLittleSpaceForTwoSlidesStopsNoWorker) {
  for (const char* name : {"a.tif", "b.tif", "c.tif"}) paint(name);
  const auto made = staging(kMiB + kMiB / 2);
  plan(*made, {"a.tif", "b.tif", "c.tif"});
  EXPECT_FALSE(next(*made).read_from.empty());
  const Staging::Next second = next(*made);
  EXPECT_EQ(second.slide, 1U);
  EXPECT_TRUE(second.read_from.empty());
  made->ended(0);
  const Staging::Next third = next(*made);
  EXPECT_EQ(third.slide, 2U);
  EXPECT_FALSE(third.read_from.empty()) << "the space of the first is free again";
  EXPECT_THAT(heard_.infos, ElementsAre(HasSubstr("b.tif: is read in place: slides in work take the space")));
}

TEST_F(Staged, AMiraxSlideIsCopiedWithItsFolder) {
  core::write_text_file(archive_ / "m.mrxs", "x");
  fs::create_directory(archive_ / "m");
  for (const char* name : {"Slidedat.ini", "Data0000.dat"}) core::write_text_file(archive_ / "m" / name, name);
  const auto made = staging(kMiB);
  plan(*made, {"m.mrxs"});
  const Staging::Next slide = next(*made);
  ASSERT_EQ(slide.read_from.filename(), "m.mrxs");
  for (const char* name : {"Slidedat.ini", "Data0000.dat"})
    EXPECT_EQ(core::read_text_file(slide.read_from.parent_path() / "m" / name), name);
  made->ended(slide.slide);
  EXPECT_EQ(bytes_in(stage_), 0U);
}

TEST_F(Staged, SlidesThatAreNotWorthItAreReadInPlace) {
  paint("a.tif");
  const auto made = staging(64 * kMiB);
  made->plan({{7, {archive_ / "a.tif", "out/a", {}}}}, [](const segment::SlideJob&) { return false; });
  const Staging::Next slide = next(*made);
  EXPECT_EQ(slide.slide, 7U);
  EXPECT_TRUE(slide.read_from.empty());
  EXPECT_THAT(heard_.infos, IsEmpty());
}

TEST_F(Staged, AFailedCopyIsAWarning) {
  paint("a.tif");
  const auto made = staging(64 * kMiB);
  for (const auto& entry : fs::directory_iterator(stage_)) {
    if (!entry.is_directory()) continue;
    fs::remove(entry.path());
    core::write_text_file(entry.path(), "in its place");
  }
  plan(*made, {"a.tif"});
  EXPECT_TRUE(next(*made).read_from.empty());
  EXPECT_THAT(heard_.warnings, ElementsAre(HasSubstr("a.tif: is read in place: copying it failed: making ")));
}

TEST_F(Staged, NothingStaysOfABatchThatIsStopped) {
  for (const char* name : {"a.tif", "b.tif", "c.tif"}) paint(name);
  core::CancelFlag cancel{false};
  {
    const auto made = staging(64 * kMiB);
    BatchOptions batch{.on_outcome = [&](const SlideOutcome&) { cancel = true; }, .staging = made.get()};
    EXPECT_THROW(run(folder_ / "out", batch, cancel), core::Cancelled);
  }
  EXPECT_THAT(in_stage(), IsEmpty());
}

TEST_F(Staged, StopsInTheMiddleOfACopy) {
  paint("a.tif", 2048 * kMiB);  // a hole, for the most part
  {
    const auto made = staging(4096 * kMiB);
    plan(*made, {"a.tif"});
    while (bytes_in(stage_) == 0) std::this_thread::yield();
  }
  EXPECT_THAT(in_stage(), IsEmpty());
  EXPECT_THAT(heard_.warnings, IsEmpty());
}

TEST_F(Staged, CopiesOfDeadProcessesAreRemovedThoseOfLiveOnesAreNot) {
  paint("a.tif");
  const pid_t child = fork();
  if (child == 0) {
    const auto made = staging(64 * kMiB);
    plan(*made, {"a.tif"});
    _exit(next(*made).read_from.empty() ? 1 : 0);  // as if it were killed
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  const std::string dead = "-" + std::to_string(child) + "-";
  ASSERT_THAT(in_stage(), Contains(AllOf(HasSubstr(dead), HasSubstr("/1/a.tif"))));
  core::write_text_file(stage_ / "notes.part", "a user's own");

  const auto live = staging(64 * kMiB);
  EXPECT_THAT(in_stage(), Not(Contains(HasSubstr(dead))));
  plan(*live, {"a.tif"});
  const Staging::Next slide = next(*live);
  const auto other = staging(64 * kMiB);
  EXPECT_TRUE(fs::exists(slide.read_from));
  EXPECT_TRUE(fs::exists(stage_ / "notes.part"));
}

TEST_F(Staged, AFolderThatCantBeMadeIsRefused) {
  core::write_text_file(stage_, "a file");
  const auto refusal = [&]() -> std::string {
    try {
      start_staging({stage_ / "sub", kMiB}, heard_);
    } catch (const core::UsageError& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_THAT(refusal(), HasSubstr("--stage " + (stage_ / "sub").string() + ": Not a directory; name a folder on a local disk"));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::archive
