#include "wsi_lpd/output/failures.hpp"

#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::output {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Failures, StayUntilTheSlideIsDoneOrGone) {
  const testing::TemporaryFolder folder;
  const auto out = folder / "out";
  EXPECT_THAT(recorded_failures(out), IsEmpty());
  const std::string there = folder / "there.svs", other = folder / "sub/there.svs", never = folder / std::string(240, 'x');
  core::write_text_file(there, "damaged");
  record_failure(out, there, "first\n\"reason\"");
  record_failure(out, there, "is damaged");
  record_failure(out, other, "no such file");  // of the same name
  record_failure(out, never, "no such file either");
  forget_failures_of_removed(out);
  EXPECT_THAT(recorded_failures(out),
              ElementsAre(Pair(other, "no such file"), Pair(there, "is damaged"), Pair(never, "no such file either")));
  core::write_text_file(out / ".failures/cut off.json", "{\"slide\"");
  forget_failure(out, other);
  forget_failure(out, "unknown");
  EXPECT_THAT(recorded_failures(out), ElementsAre(Pair(there, "is damaged"), Pair(never, "no such file either")));
  std::filesystem::remove(there);  // its user has taken it out of the archive
  forget_failures_of_removed(out);
  EXPECT_THAT(recorded_failures(out), ElementsAre(Pair(never, "no such file either"))) << "it was never there";
  EXPECT_THAT(failed_without_file(out), ElementsAre(never));
  record_failure(out, other, "no such file");
  EXPECT_THAT(failed_without_file(out), ElementsAre(other, never));
  std::filesystem::create_directories(folder / "sub");
  core::write_text_file(other, "is there by now");
  EXPECT_THAT(failed_without_file(out), ElementsAre(never));
}

TEST(Failures, BecomeAManifest) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(manifest_of_failures(folder.path()), "slide,mpp,name\n");
  record_failure(folder.path(), "/archive/b, or c.svs", "is damaged", {"case/b", 0.25});
  record_failure(folder.path(), "/archive/x/../a.svs", "is damaged", {"a", {}});
  EXPECT_EQ(manifest_of_failures(folder.path()), "slide,mpp,name\n/archive/a.svs,,a\n\"/archive/b, or c.svs\",0.25,case/b\n");
  forget_failure(folder.path(), "/archive/a.svs");  // by another of its names
  EXPECT_EQ(recorded_failures(folder.path()).size(), 1U);
}

}  // namespace
}  // namespace wsi_lpd::output
