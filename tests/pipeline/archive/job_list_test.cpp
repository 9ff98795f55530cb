#include "wsi_lpd/pipeline/archive/job_list.hpp"

#include <gmock/gmock.h>

namespace wsi_lpd::pipeline::archive {
namespace {

TEST(JobList, GivesBackTheJobsInTheirOrder) {
  const std::vector<segment::SlideJob> jobs{{"archive/a.svs", "out/a", {}},
                                            {"archive/b \xc3\xa9.svs", "out/case 1/b", 0.25, "line 3: mpp is no number"},
                                            {"c.tif", "out/c", 0.5}};
  const JobList list(jobs);
  EXPECT_EQ(list.size(), 3U);
  std::size_t i = 0;
  for (const segment::SlideJob& job : list) {
    EXPECT_EQ(job.slide, jobs[i].slide);
    EXPECT_EQ(job.stem, jobs[i].stem);
    EXPECT_EQ(job.mpp, jobs[i].mpp);
    EXPECT_EQ(job.failure, jobs[i].failure);
    ++i;
  }
  EXPECT_EQ(i, 3U);
  EXPECT_TRUE(JobList().empty());
}

}  // namespace
}  // namespace wsi_lpd::pipeline::archive
