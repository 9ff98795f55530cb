#include "wsi_lpd/core/stain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "stained_picture.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/stain_normaliser.hpp"

namespace wsi_lpd::core {
namespace {

using testing::degrees_between;
using ::testing::HasSubstr;
using testing::kElsewhere;
using testing::kHere;
using testing::stain_of_picture;
using testing::stained_picture;

constexpr StainMethod kBoth[] = {StainMethod::Macenko, StainMethod::Reinhard};

void expect_near(const MacenkoStain& a, const MacenkoStain& b, double degrees, double share) {
  for (std::size_t s = 0; s < 2; ++s) {
    EXPECT_LT(degrees_between(a.vectors[s], b.vectors[s]), degrees) << s;
    EXPECT_NEAR(a.concentrations[s] / b.concentrations[s], 1, share) << s;
  }
}

void expect_near(const ReinhardStain& a, const ReinhardStain& b, double tolerance) {
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(a.mean[i], b.mean[i], tolerance) << i;
    EXPECT_NEAR(a.deviation[i], b.deviation[i], tolerance) << i;
  }
}

struct Difference {
  double mean = 0;
  int largest = 0;
};
Difference difference(const Image& a, const Image& b) {
  Difference result;
  for (std::size_t i = 0; i < a.bytes(); ++i) {
    const int step = std::abs(int{a.data()[i]} - int{b.data()[i]});
    result.mean += static_cast<double>(step) / static_cast<double>(a.bytes());
    result.largest = std::max(result.largest, step);
  }
  return result;
}

Image normalised(Image picture, StainMethod method, const StainStatistics& from, const StainStatistics& to) {
  StainNormaliser(method, from, to).apply(picture.view());
  return picture;
}

std::string refusal(const StainSample& sample, StainMethod method) {
  try {
    sample.statistics(method);
  } catch (const Error& error) {
    return error.what();
  }
  return "taken";
}

std::string refusal(const Image& picture, StainMethod method) {
  StainSample sample;
  sample.add(picture.view());
  return refusal(sample, method);
}

TEST(Stain, MacenkoFindsTheVectorsThatAPictureWasPaintedWith) {
  for (const auto& laboratory : {kHere, kElsewhere}) {
    const MacenkoStain found = *stain_of_picture(stained_picture(400, 300, laboratory)).macenko;
    for (std::size_t s = 0; s < 2; ++s) {
      EXPECT_LT(degrees_between(found.vectors[s], laboratory.vectors[s]), 1) << s;
      EXPECT_NEAR(found.concentrations[s] / laboratory.strength[s], 1.57, 0.1) << s;  // of 0.9 to 1.6
    }
  }
}

TEST(Stain, ThickerSectionsHaveTheSameVectorsAndHigherConcentrations) {
  testing::Laboratory thick = kHere;
  thick.strength = {1.3, 1.3};
  MacenkoStain thin = *stain_of_picture(stained_picture(300, 300, kHere)).macenko;
  for (double& concentration : thin.concentrations) concentration *= 1.3;
  expect_near(*stain_of_picture(stained_picture(300, 300, thick)).macenko, thin, 0.7, 0.02);
}

TEST(Stain, DoesNotDependOnGlassBlackOrTheOrderOfPixels) {
  const Image picture = stained_picture(300, 200, kHere);
  const StainStatistics alone = stain_of_picture(picture);
  StainSample sample;
  sample.add(Image(500, 400, 3, 240).view());
  sample.add(Image(500, 400, 3, 7).view());
  for (std::int64_t y = 199; y >= 0; --y) {
    StainSample row;
    row.add(picture.view().part({0, y, 300, 1}));
    sample.add(row);
  }
  EXPECT_EQ(sample.pixels(), 300U * 200U);
  expect_near(*sample.statistics(StainMethod::Macenko).macenko, *alone.macenko, 1e-3, 1e-6);
  expect_near(*sample.statistics(StainMethod::Reinhard).reinhard, *alone.reinhard, 1e-9);
}

TEST(Stain, EveryFourthPixelOfEveryFourthRowTellsTheSame) {
  const Image picture = stained_picture(801, 799, kHere);
  StainSample sample;
  sample.add(picture.view(), 4);
  EXPECT_EQ(sample.pixels(), 201U * 200U);
  const StainStatistics all = stain_of_picture(picture), some = stain_of_picture(picture, 4);
  expect_near(*some.macenko, *all.macenko, 0.5, 0.01);
  expect_near(*some.reinhard, *all.reinhard, 0.005);
}

TEST(Stain, SaysWhyItCanNotBeMeasured) {
  for (const StainMethod method : kBoth) {
    EXPECT_THAT(refusal(StainSample(), method), HasSubstr("too little tissue: 0 pixels"));
    EXPECT_THAT(refusal(Image(900, 900, 3, 245), method), HasSubstr("too little tissue")) << "glass";
    EXPECT_THAT(refusal(Image(900, 900, 3, 3), method), HasSubstr("too little tissue")) << "not scanned";
    EXPECT_THAT(refusal(stained_picture(30, 30, kHere), method), HasSubstr("too little tissue: 900 pixels"));
    EXPECT_THAT(refusal(Image(900, 900, 3, 120), method), HasSubstr("only")) << "one grey";
  }
  testing::Laboratory single = kHere;
  single.strength[0] = 0.2;
  single.vectors[0] = single.vectors[1];
  EXPECT_EQ(refusal(stained_picture(200, 200, single), StainMethod::Macenko), "its pixels show one stain only");
  // Densities along (1, 1, 0), (0, 1, 1) and now and then (1, 0, 0), which in the others' plane would be a stain that shines blue.
  Image colours(200, 200, 3, 255);
  for (std::int64_t i = 0; i < 200 * 200; ++i) {
    std::uint8_t* pixel = colours.data() + 3 * i;
    if (i % 20 == 0) {
      pixel[0] = 60;
    } else {
      pixel[1] = pixel[i % 2 ? 0 : 2] = 60;
    }
  }
  EXPECT_THAT(refusal(colours, StainMethod::Macenko), HasSubstr("not those of two stains"));
}

TEST(Stain, NumbersComeBackAndWrongOnesAreNamed) {
  const StainStatistics statistics = stain_of_picture(stained_picture(100, 100, kHere));
  EXPECT_EQ(stain_from_numbers(numbers_from_stain(statistics)), statistics);
  EXPECT_EQ(stain_from_numbers({}), StainStatistics{});
  const auto wrong = [&](const std::function<void(StainNumbers&)>& change) -> std::string {
    StainNumbers numbers = numbers_from_stain(statistics);
    change(numbers);
    try {
      stain_from_numbers(numbers);
    } catch (const Error& error) {
      return error.what();
    }
    return "taken";
  };
  EXPECT_THAT(wrong([](auto& numbers) { numbers["macenko"].erase("eosin"); }), HasSubstr("lack macenko eosin"));
  EXPECT_THAT(wrong([](auto& numbers) { numbers["reinhard"]["mean"].pop_back(); }), HasSubstr("lack reinhard mean"));
  EXPECT_THAT(wrong([](auto& numbers) { numbers["reinhard"]["deviation"][1] = 0; }), HasSubstr("its stain statistics"));
  EXPECT_THAT(wrong([](auto& numbers) { numbers["macenko"]["concentrations"][1] = std::nan(""); }), HasSubstr("its stain statistics"));
  EXPECT_THAT(wrong([](auto& numbers) { numbers["macenko"]["eosin"] = numbers["macenko"]["haematoxylin"]; }), HasSubstr("one stain"));
  for (const StainMethod method : {StainMethod::None, StainMethod::Macenko, StainMethod::Reinhard})
    EXPECT_EQ(parse_stain_method(to_string(method)), method);
  EXPECT_THROW(parse_stain_method("vahadane"), UsageError);
}

/// All bytes in all channels, tissue or not.
Image all_colours() {
  Image picture(512, 512, 3);
  std::mt19937 random(2);
  for (std::size_t i = 0; i < picture.bytes(); ++i) picture.data()[i] = static_cast<std::uint8_t>(random());
  return picture;
}

TEST(StainNormaliser, ItsOwnStatisticsChangeNothing) {
  const StainStatistics statistics = stain_of_picture(stained_picture(200, 200, kHere));
  for (const StainMethod method : kBoth) {
    for (const Image& picture : {stained_picture(200, 200, kHere), all_colours(), Image(9, 9, 3, 255), Image(9, 9, 3, 0)})
      EXPECT_LE(difference(normalised(picture, method, statistics, statistics), picture).largest, 1) << to_string(method);
  }
}

TEST(StainNormaliser, BringsAnotherLaboratorysPictureBack) {
  const Image here = stained_picture(300, 300, kHere), elsewhere = stained_picture(300, 300, kElsewhere);
  const StainStatistics from = stain_of_picture(elsewhere), to = stain_of_picture(here);
  const double apart = difference(here, elsewhere).mean;
  EXPECT_GT(apart, 15);
  EXPECT_LT(difference(normalised(elsewhere, StainMethod::Macenko, from, to), here).mean, 2);
  EXPECT_LT(difference(normalised(elsewhere, StainMethod::Reinhard, from, to), here).mean, 0.7 * apart) << "which knows of no two stains";
  // Statistics are the other picture's afterwards, whatever the tissue.
  const Image other_tissue = stained_picture(300, 300, kElsewhere, 7);
  const auto after = [&](StainMethod method) { return stain_of_picture(normalised(other_tissue, method, from, to)); };
  expect_near(*after(StainMethod::Macenko).macenko, *to.macenko, 1, 0.03);
  expect_near(*after(StainMethod::Reinhard).reinhard, *to.reinhard, 0.01);
}

TEST(StainNormaliser, LeavesGlassBright) {
  const StainStatistics here = stain_of_picture(stained_picture(200, 200, kHere)),
                        elsewhere = stain_of_picture(stained_picture(200, 200, kElsewhere));
  for (const auto& [from, to] : {std::pair{here, elsewhere}, std::pair{elsewhere, here}}) {
    for (const StainMethod method : kBoth) {
      const Image glass = normalised(Image(5, 5, 3, 250), method, from, to);
      EXPECT_GE(*std::min_element(glass.data(), glass.data() + glass.bytes()), 240) << to_string(method);
    }
  }
}

TEST(StainNormaliser, RefusesToRaiseNoise) {
  const StainStatistics strong = stain_of_picture(stained_picture(200, 200, kHere));
  StainStatistics faint = strong;
  faint.macenko->concentrations[1] /= 11;
  faint.reinhard->deviation[2] /= 11;
  for (const StainMethod method : kBoth) {
    EXPECT_THROW(StainNormaliser(method, faint, strong), Error);
    EXPECT_NO_THROW(StainNormaliser(method, strong, faint));
  }
}

TEST(StainNormaliser, ServesManyThreads) {
  const Image picture = all_colours();
  const StainStatistics from = stain_of_picture(stained_picture(200, 200, kHere)),
                        to = stain_of_picture(stained_picture(200, 200, kElsewhere));
  for (const StainMethod method : kBoth) {
    const StainNormaliser normaliser(method, from, to);
    Image expected = picture;
    normaliser.apply(expected.view());
    std::vector<Image> copies(8, picture);
    std::vector<std::thread> threads;
    threads.reserve(copies.size());
    for (Image& copy : copies) threads.emplace_back([&] { normaliser.apply(copy.view()); });
    for (std::thread& thread : threads) thread.join();
    for (const Image& copy : copies) EXPECT_TRUE(copy == expected);
  }
}

TEST(StainNormaliser, TouchesOnlyItsView) {
  const StainStatistics from = stain_of_picture(stained_picture(200, 200, kHere)),
                        to = stain_of_picture(stained_picture(200, 200, kElsewhere));
  Image picture(40, 30, 3, 130);
  StainNormaliser(StainMethod::Macenko, from, to).apply(picture.view().part({7, 5, 11, 13}));
  for (std::int64_t y = 0; y < 30; ++y) {
    for (std::int64_t x = 0; x < 40; ++x) {
      const bool inside = x >= 7 && x < 18 && y >= 5 && y < 18;
      ASSERT_EQ(picture.at(x, y)[0] != 130 || picture.at(x, y)[1] != 130 || picture.at(x, y)[2] != 130, inside) << x << ' ' << y;
    }
  }
}

/// The published formulae once more, written with numpy alone: stain_reference.py says which.
TEST(StainNormaliser, AgreesWithNumpy) {
  WSI_LPD_NEEDS_PYTHON();
  const testing::TemporaryFolder folder;
  Image from = stained_picture(301, 199, kElsewhere, 3);
  const Image to = stained_picture(301, 199, kHere, 4);
  for (std::int64_t i = 0; i < 301 * 3; ++i) from.data()[i] = static_cast<std::uint8_t>(200 + i % 56);  // a row of glass and pale tissue
  const auto text = [](const Image& picture) { return std::string(reinterpret_cast<const char*>(picture.data()), picture.bytes()); };
  write_text_file(folder / "from.raw", text(from));
  write_text_file(folder / "to.raw", text(to));
  ASSERT_TRUE(testing::run_python("core/stain_reference.py", {folder.path().string()}));

  std::ifstream numbers(folder / "numbers.txt");
  const auto read = [&](auto& values) {
    for (double& value : values) numbers >> value;
  };
  for (const Image& picture : {from, to}) {
    const StainStatistics found = stain_of_picture(picture);
    MacenkoStain macenko;
    ReinhardStain reinhard;
    read(macenko.vectors[0]);
    read(macenko.vectors[1]);
    read(macenko.concentrations);
    read(reinhard.mean);
    read(reinhard.deviation);
    ASSERT_TRUE(numbers);
    expect_near(*found.macenko, macenko, 0.01, 1e-4);
    expect_near(*found.reinhard, reinhard, 1e-6);
  }
  for (const StainMethod method : kBoth) {
    const std::string bytes = read_text_file(folder / (to_string(method) + ".raw"));
    Image expected(from.width(), from.height(), 3);
    ASSERT_EQ(bytes.size(), expected.bytes());
    std::copy(bytes.begin(), bytes.end(), expected.data());
    const Difference apart = difference(normalised(from, method, stain_of_picture(from), stain_of_picture(to)), expected);
    EXPECT_LE(apart.largest, 1) << to_string(method);
    EXPECT_LT(apart.mean, 0.2) << to_string(method);
  }
}

}  // namespace
}  // namespace wsi_lpd::core
