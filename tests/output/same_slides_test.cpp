#include "wsi_lpd/output/same_slides.hpp"

#include <gtest/gtest.h>

#include "output/results.hpp"

namespace wsi_lpd::output {
namespace {

SlideStatistics of_sample(const std::string& sample) {
  SlideStatistics statistics = testing::some_statistics();
  statistics.slide_sample = sample;
  return statistics;
}

TEST(SameSlides, NamesAllResultsOfASlideOnce) {
  SameSlides same("out");
  same.add(of_sample("1"), "out/case2/b");
  same.add(of_sample("2"), "out/a");
  EXPECT_EQ(same.line(), "");
  same.add(of_sample("1"), "out/b");
  same.add(of_sample("1"), "out/case1/b");
  EXPECT_EQ(same.line(),
            "1 slide has results under several names in out (b, case1/b, case2/b): tables and reports count each of them; remove the files "
            "of the names that are not wanted");
}

TEST(SameSlides, CountsSlidesBeyondTheFirst) {
  SameSlides same("out");
  for (const char* folder : {"out/x", "out/y"})
    for (const char* slide : {"a", "b", "c", "d"}) same.add(of_sample(slide), std::filesystem::path(folder) / slide);
  EXPECT_TRUE(same.line().starts_with("4 slides have results under several names in out (x/a, y/a; x/b, y/b; x/c, y/c; …): "))
      << same.line();
}

TEST(SameSlides, PassesOverResultsWithoutASample) {
  SameSlides same("out");
  same.add(of_sample(""), "out/a");
  same.add(of_sample(""), "out/b");
  EXPECT_EQ(same.line(), "");
}

}  // namespace
}  // namespace wsi_lpd::output
