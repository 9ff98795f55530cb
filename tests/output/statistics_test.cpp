#include "wsi_lpd/output/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "output/results.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/output/summary.hpp"

namespace wsi_lpd::output {
namespace {

using ::testing::HasSubstr;
using testing::some_statistics;
using testing::TemporaryFolder;

TEST(Statistics, ComeBackAsTheyWere) {
  const TemporaryFolder folder;
  const SlideStatistics s = some_statistics();
  write_statistics(folder / "slide.json", s);
  const std::optional<SlideStatistics> back = read_statistics(folder / "slide.json");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->slide, s.slide);
  EXPECT_EQ(back->slide_fingerprint, s.slide_fingerprint);
  EXPECT_EQ(back->slide_sample, s.slide_sample);
  EXPECT_EQ(back->hashes, s.hashes);
  EXPECT_EQ(back->model_sha256, s.model_sha256);
  EXPECT_EQ(back->configuration_sha256, s.configuration_sha256);
  EXPECT_EQ(back->configuration, s.configuration);
  EXPECT_EQ(back->model_path, s.model_path);
  EXPECT_EQ(back->frame.bounds, s.frame.bounds);
  EXPECT_EQ(back->frame.size, s.frame.size);
  EXPECT_EQ(back->frame.scale, s.frame.scale);
  EXPECT_EQ(back->frame.mpp, s.frame.mpp);
  EXPECT_EQ(back->frame.slide_mpp, s.frame.slide_mpp);
  EXPECT_EQ(back->mpp_source, s.mpp_source);
  EXPECT_EQ(back->model_mpp_known, s.model_mpp_known);
  EXPECT_EQ(back->classes, s.classes);
  EXPECT_EQ(back->tissue_pixels, s.tissue_pixels);
  ASSERT_EQ(back->per_class.size(), 4u);
  EXPECT_EQ(back->per_class[1].pixels, 400'000);
  EXPECT_EQ(back->per_class[2].regions, 40);
  EXPECT_EQ(back->per_class[0].largest_region, 500'000);
  EXPECT_EQ(back->per_class[0].share_interval, s.per_class[0].share_interval);
  EXPECT_FALSE(back->per_class[1].share_interval);
  EXPECT_EQ(back->interfaces, s.interfaces);
  EXPECT_EQ(back->square_side, s.square_side);
  EXPECT_EQ(back->squares, s.squares);
  EXPECT_EQ(back->mean_entropy, s.mean_entropy);
  EXPECT_EQ(back->unlabelled_pixels, s.unlabelled_pixels);
  EXPECT_EQ(back->unreadable_pixels, s.unreadable_pixels);
  EXPECT_EQ(back->tiles_planned, s.tiles_planned);
  EXPECT_EQ(back->tiles_read, s.tiles_read);
  EXPECT_EQ(back->tiles_skipped, s.tiles_skipped);
  EXPECT_EQ(back->tiles_unreadable, s.tiles_unreadable);
  EXPECT_EQ(back->focus_median, s.focus_median);
  EXPECT_EQ(back->out_of_focus, s.out_of_focus);
  EXPECT_EQ(back->fit.features, s.fit.features);
  EXPECT_EQ(back->fit.stain, s.fit.stain);
  EXPECT_EQ(back->seconds, s.seconds);
  EXPECT_EQ(back->peak_memory_bytes, s.peak_memory_bytes);
  EXPECT_EQ(back->precision, s.precision);
  EXPECT_EQ(back->precision_agreement, s.precision_agreement);
  EXPECT_EQ(back->presence_shift, s.presence_shift);
  EXPECT_EQ(back->crf, s.crf);
  EXPECT_EQ(back->stain.method, s.stain.method);
  EXPECT_EQ(back->stain.slide, s.stain.slide);
  EXPECT_EQ(back->stain.target, s.stain.target);
  EXPECT_EQ(back->stain.problem, s.stain.problem);
  EXPECT_EQ(back->warnings, s.warnings);
  EXPECT_EQ(back->versions, s.versions);
  // and written again it is the same file
  write_statistics(folder / "again.json", *back);
  EXPECT_EQ(core::read_text_file(folder / "again.json"), core::read_text_file(folder / "slide.json"));
}

TEST(Statistics, OlderFilesWithoutCrfAreRead) {
  const TemporaryFolder folder;
  write_statistics(folder / "slide.json", some_statistics());
  std::string text = core::read_text_file(folder / "slide.json");
  const std::string line = "  \"crf\": true,\n";
  ASSERT_THAT(text, HasSubstr(line));
  core::write_text_file(folder / "slide.json", text.erase(text.find(line), line.size()));
  const auto back = read_statistics(folder / "slide.json");
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->crf);
}

TEST(Statistics, FiguresFollowTheirDefinitions) {
  const TemporaryFolder folder;
  write_statistics(folder / "slide.json", some_statistics());
  const std::string text = core::read_text_file(folder / "slide.json");
  EXPECT_THAT(text, HasSubstr("\"tumour_stroma_ratio\": 2.0"));
  EXPECT_THAT(text, HasSubstr("\"til_fraction\": 0.2"));
  EXPECT_THAT(text, HasSubstr("\"mm2\": 0.5"));                  // 2,000,000 px of 0.5 µm
  EXPECT_THAT(text, HasSubstr("\"fraction_of_tissue\": 0.05"));  // LYM
  EXPECT_THAT(text, HasSubstr("\"largest_region_mm2\": 0.125"));
  EXPECT_THAT(text, HasSubstr("\"mm\": 2.00025"));  // 4000.5 px of 0.5 µm
}

TEST(Statistics, OfEarlierVersionsAreRead) {
  const TemporaryFolder folder;
  write_statistics(folder / "slide.json", some_statistics());
  nlohmann::json json = nlohmann::json::parse(core::read_text_file(folder / "slide.json"));
  json.erase("interfaces");
  json.erase("squares");
  for (auto& entry : json["classes"]) {
    entry.erase("share_of_classes");
    entry.erase("share_of_classes_ci95");
  }
  core::write_text_file(folder / "old.json", json.dump());
  const auto old = read_statistics(folder / "old.json");
  EXPECT_TRUE(old->interfaces.empty());
  EXPECT_FALSE(old->mean_entropy);
  EXPECT_FALSE(old->per_class[0].share_interval);
  EXPECT_EQ(old->tiles_planned, 60);
  write_summary(folder / "summary.csv", {*old});
  EXPECT_THAT(core::read_text_file(folder / "summary.csv"), ::testing::Not(HasSubstr("interface")));
}

TEST(Statistics, WhatIsUnknownIsNull) {
  const TemporaryFolder folder;
  SlideStatistics s = some_statistics();
  s.frame.mpp = s.frame.slide_mpp = 0;
  s.tissue_pixels = 0;
  s.classes.names = {"a", "b", "c", "d"};
  write_statistics(folder / "slide.json", s);
  const std::string text = core::read_text_file(folder / "slide.json");
  for (const std::string key :
       {"mpp", "mm2", "fraction_of_tissue", "largest_region_mm2", "level0_mpp", "tumour_stroma_ratio", "til_fraction"}) {
    EXPECT_THAT(text, HasSubstr("\"" + key + "\": null")) << key;
  }
  EXPECT_EQ(read_statistics(folder / "slide.json")->frame.mpp, 0);
}

TEST(Statistics, OfOlderResultsHaveNeitherFocusNorFit) {
  const TemporaryFolder folder;
  write_statistics(folder / "slide.json", some_statistics());
  std::string text = core::read_text_file(folder / "slide.json");
  const std::size_t begin = text.find("\"focus\""), end = text.find("\"seconds\"");
  ASSERT_LT(begin, end);
  ASSERT_NE(end, std::string::npos);
  core::write_text_file(folder / "slide.json", text.erase(begin, end - begin));
  const std::optional<SlideStatistics> old = read_statistics(folder / "slide.json");
  ASSERT_TRUE(old);
  EXPECT_FALSE(old->focus_median || old->out_of_focus);
  EXPECT_FALSE(old->fit.features.share() || old->fit.stain.share());
  EXPECT_EQ(old->seconds, some_statistics().seconds);
}

TEST(Statistics, DamagedFilesAreErrorsAndAbsentOnesAreNone) {
  const TemporaryFolder folder;
  EXPECT_FALSE(read_statistics(folder / "slide.json"));
  write_statistics(folder / "slide.json", some_statistics());
  const std::string text = core::read_text_file(folder / "slide.json"), pixels = "\"pixels\": ";
  std::string deep = text;
  deep.insert(deep.find(pixels) + pixels.size(), std::string(500'000, '[') + std::string(500'000, ']') + ", \"\": ");
  std::string halves = text;
  halves.insert(halves.find('[', halves.find("level0_bounds")) + 1, "0.5, ");
  for (const std::string& broken : {halves, text.substr(0, text.size() / 2), std::string(), std::string("[1, 2]"),
                                    std::string("{\"version\": 7}"), std::string("{\"version\": 1, \"slide\": 3}"), deep}) {
    core::write_text_file(folder / "broken.json", broken);
    try {
      read_statistics(folder / "broken.json");
      ADD_FAILURE() << broken;
    } catch (const core::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("reading " + (folder / "broken.json").string() + ": "));
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
}

TEST(Statistics, NamesThatAreNotUtf8ComeBack) {
  const TemporaryFolder folder;
  SlideStatistics s = some_statistics();
  s.slide = "caf\xe9.svs";
  write_statistics(folder / "slide.json", s);
  EXPECT_EQ(read_statistics(folder / "slide.json")->slide, "caf\xe9.svs");
}

TEST(TissueShares, AreOfTheTissueAndAddUp) {
  const std::vector<TissueShare> shares = tissue_shares(testing::some_statistics());
  std::vector<std::string> names;
  double sum = 0;
  for (const TissueShare& part : shares) {
    names.push_back(part.name);
    sum += part.share;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"TUM", "STR", "LYM", "NEC", "no class", "unreadable"}));
  EXPECT_EQ(shares[0].share, 0.4);
  EXPECT_EQ(shares[4].share, 0.345);
  EXPECT_EQ(shares[4].value, core::kNotTissue);
  EXPECT_EQ(shares[5].value, core::kUnreadable);
  EXPECT_DOUBLE_EQ(sum, 1);
  SlideStatistics glass = testing::some_statistics();
  glass.tissue_pixels = 0;
  EXPECT_TRUE(tissue_shares(glass).empty()) << "nothing is a share of no tissue";
}

}  // namespace
}  // namespace wsi_lpd::output
