// Masks of patches whose palettes or colours tell another order of the classes than their values.
#include <gmock/gmock.h>

#include "pipeline/heard_lines.hpp"
#include "pipeline/run.hpp"
#include "pipeline/training/marked_patches.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const core::ClassScheme kScheme{{"TUM", "STR"}, "BACK", {{255, 0, 0}, {0, 255, 0}, {255, 255, 255}}};

class MaskColours : public ::testing::Test {
 protected:
  /// A patch whose mask has `left` in its left half and `right` in the other.
  Patch patch(const std::string& name, std::uint8_t left, std::uint8_t right, const std::vector<core::Colour>& palette) {
    core::Image mask(64, 64, 1, right);
    for (int y = 0; y < 64; ++y) std::fill_n(mask.at(0, y), 32, left);
    image::write_labels_png(folder_ / (name + ".mask.png"), mask, palette);
    return with_image(name);
  }
  Patch rgb_patch(const std::string& name, const core::Colour& left, const core::Colour& right) {
    core::Image mask(64, 64, 3);
    core::fill(mask.view(), right);
    core::fill(mask.view().part({0, 0, 32, 64}), left);
    image::write_png(folder_ / (name + ".mask.png"), mask);
    return with_image(name);
  }
  Patch with_image(const std::string& name) {
    image::write_png(folder_ / (name + ".png"), marked(0, 64, 64));
    return {folder_ / (name + ".png"), folder_ / (name + ".mask.png"), {}};
  }
  PatchSet load(const std::vector<Patch>& patches, std::vector<std::size_t> order = {}) {
    return PatchSet(patches, {.classes = 2, .scheme = kScheme, .order = std::move(order)}, {heard_, kNever});
  }
  static std::pair<int, int> halves(const PatchSet& set, std::size_t index) {
    const core::Image mask = set.mask(index);
    return {*mask.at(31, 63), *mask.at(32, 0)};
  }

  testing::TemporaryFolder folder_;
  testing::HeardLines heard_;
};

TEST_F(MaskColours, InTheClassesOrderSayNothingNew) {
  const PatchSet set = load({patch("a", 0, 2, kScheme.colours), patch("b", 0, 1, {kScheme.colours[0], kScheme.colours[1]})});
  EXPECT_EQ(halves(set, 0), std::pair(0, 2));
  EXPECT_EQ(halves(set, 1), std::pair(0, 1));
  EXPECT_THAT(heard_.infos, IsEmpty());
  EXPECT_THAT(heard_.warnings, IsEmpty());
}

TEST_F(MaskColours, InAnotherOrderAreMappedAndSaidOnce) {
  const std::vector<core::Colour> order{{255, 255, 255}, {255, 0, 0}, {0, 255, 0}};  // background first
  const PatchSet set = load({patch("a", 1, 0, order), patch("b", 2, 1, order), patch("c", 2, 2, order)});
  EXPECT_EQ(halves(set, 0), std::pair(0, 2));
  EXPECT_EQ(halves(set, 1), std::pair(1, 0));
  EXPECT_EQ(set.labels(0), (std::vector<float>{1, 0}));
  EXPECT_EQ(set.labels(2), (std::vector<float>{0, 1}));
  EXPECT_THAT(heard_.infos, ElementsAre(AllOf(HasSubstr("3 masks, the first of them"), HasSubstr("a.mask.png"),
                                              HasSubstr("another order (BACK, TUM, STR): mapped by colour"))));
  EXPECT_THAT(heard_.warnings, IsEmpty());
}

TEST_F(MaskColours, OfAPaletteWithTheUsedColoursAloneAreMapped) {
  const PatchSet set = load({patch("a", 1, 0, {{0, 255, 0}, {255, 255, 255}})});
  EXPECT_EQ(halves(set, 0), std::pair(2, 1));
  EXPECT_THAT(heard_.infos, ElementsAre(HasSubstr("a.mask.png: the palette has the classes in another order (STR, BACK)")));
}

TEST_F(MaskColours, OfOtherPalettesAreLeftAloneWithAWarning) {
  const std::vector<core::Colour> others{{0, 0, 0}, {128, 0, 0}, {0, 255, 0}};
  const PatchSet set = load({patch("a", 0, 2, others), patch("b", 1, 0, others)});
  EXPECT_EQ(halves(set, 0), std::pair(0, 2));
  EXPECT_THAT(heard_.warnings,
              ElementsAre(AllOf(HasSubstr("2 masks, the first of them"), HasSubstr("value 0 is #000000, class TUM #ff0000"),
                                HasSubstr("the values count, 0… classes, then background"))));
  EXPECT_THAT(heard_.infos, IsEmpty());
}

TEST_F(MaskColours, OfOnePaletteAreJudgedTogether) {
  const std::vector<core::Colour> partly{{255, 255, 255}, {128, 0, 0}, {0, 255, 0}};
  const PatchSet set = load({patch("a", 0, 0, partly), patch("b", 1, 0, partly)});
  EXPECT_EQ(halves(set, 0), std::pair(0, 0)) << "white alone could be the background, but for the other mask";
  EXPECT_THAT(heard_.warnings, ElementsAre(HasSubstr("value 1 is #800000, class STR #00ff00")));
}

TEST_F(MaskColours, OfARampOfGreyAreNone) {
  const PatchSet set = load({patch("a", 0, 2, {{0, 0, 0}, {1, 1, 1}, {2, 2, 2}})});
  EXPECT_EQ(halves(set, 0), std::pair(0, 2));
  EXPECT_THAT(heard_.warnings, IsEmpty());
}

TEST_F(MaskColours, OfRgbAreTheClassesColours) {
  const PatchSet set = load({rgb_patch("a", {0, 255, 0}, {255, 255, 255}), rgb_patch("b", {255, 0, 0}, {0, 255, 0})});
  EXPECT_EQ(halves(set, 0), std::pair(1, 2));
  EXPECT_EQ(halves(set, 1), std::pair(0, 1));
  EXPECT_EQ(set.labels(1), (std::vector<float>{1, 1}));
  EXPECT_THAT(heard_.infos, ElementsAre(AllOf(HasSubstr("2 masks"), HasSubstr("read by the classes' colours"))));
  try {
    load({rgb_patch("c", {0, 0, 255}, {0, 255, 0})});
    ADD_FAILURE();
  } catch (const PatchError& error) {
    EXPECT_THAT(error.what(), HasSubstr("c.mask.png: its colour #0000ff is no class's"));
  }
}

TEST_F(MaskColours, ThatTwoClassesShareSayNothing) {
  core::ClassScheme scheme = kScheme;
  scheme.colours[1] = scheme.colours[0];
  const auto load = [&](const Patch& patch) { return PatchSet({patch}, {.classes = 2, .scheme = scheme}, {heard_, kNever}); };
  EXPECT_EQ(halves(load(patch("a", 1, 2, {{255, 255, 255}, {255, 0, 0}, {255, 0, 0}})), 0), std::pair(1, 2));
  EXPECT_TRUE(heard_.infos.empty() && heard_.warnings.empty());
  EXPECT_THROW(load(rgb_patch("b", {255, 0, 0}, {255, 255, 255})), PatchError);
}

TEST_F(MaskColours, AndLabelsComeInTheNetworksOrder) {
  Patch labelled = with_image("l");
  labelled.mask.clear();
  labelled.labels = {1, 0};
  const std::vector<core::Colour> order{{255, 255, 255}, {255, 0, 0}, {0, 255, 0}};
  const PatchSet set = load({patch("a", 0, 2, kScheme.colours), patch("b", 1, 0, order), labelled}, {1, 0});
  EXPECT_EQ(halves(set, 0), std::pair(1, 2));
  EXPECT_EQ(halves(set, 1), std::pair(1, 2));
  EXPECT_EQ(set.labels(0), (std::vector<float>{0, 1}));
  EXPECT_EQ(set.labels(2), (std::vector<float>{0, 1}));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
