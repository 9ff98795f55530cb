#include "wsi_lpd/pipeline/training/class_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Names = std::vector<std::string>;

std::string error_of(int count, const Names& names, const Names& model) {
  try {
    match_classes("patches", count, names, model);
  } catch (const core::UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ClassOrder, MatchesByName) {
  EXPECT_THAT(class_order({"a", "b", "c"}, {"c", "a", "b"}).value(), ElementsAre(1, 2, 0));
  EXPECT_FALSE(class_order({"a", "b"}, {"a", "b", "c"}));
  EXPECT_FALSE(class_order({"a", "b"}, {"a", "A"}));

  const ClassOrder other = match_classes("patches", 3, {"STR", "LYM", "TUM"}, {"TUM", "STR", "LYM"});
  EXPECT_THAT(other.order, ElementsAre(1, 2, 0));
  EXPECT_THAT(other.note, AllOf(HasSubstr("STR, LYM, TUM"), HasSubstr("TUM, STR, LYM"), HasSubstr("matched by name")));
  const ClassOrder same = match_classes("patches", 2, {"TUM", "STR"}, {"TUM", "STR"});
  EXPECT_THAT(same.order, ElementsAre(0, 1));
  EXPECT_EQ(same.note, "");
}

TEST(ClassOrder, TakesClassesWithoutNamesByPosition) {
  for (const Names& names : {Names{}, Names{"class1", "class2"}}) {
    const ClassOrder match = match_classes("patches", 2, names, {"TUM", "STR"});
    EXPECT_THAT(match.order, ElementsAre(0, 1));
    EXPECT_THAT(match.note, HasSubstr("does not name its classes, which are taken in the order of the model's: TUM, STR"));
    EXPECT_EQ(match_classes("patches", 2, names, {"class1", "class2"}).note, "");
  }
  const ClassOrder match = match_classes("patches", 2, {"TUM", "STR"}, {"class1", "class2"});
  EXPECT_THAT(match.order, ElementsAre(0, 1));
  EXPECT_THAT(match.note, HasSubstr("the model does not name its classes, which are taken in the order of the folder's: TUM, STR"));
  EXPECT_THAT(match_classes("patches", 0, {}, {"TUM", "STR"}).order, ElementsAre(0, 1)) << "of masks alone nobody knows how many";
}

TEST(ClassOrder, RefusesOtherClassesWithBothLists) {
  EXPECT_THAT(error_of(2, {"TUM", "FAT"}, {"TUM", "STR"}),
              HasSubstr("patches: its images have 2 classes (TUM, FAT), the model has 2 (TUM, STR)"));
  EXPECT_THAT(error_of(2, {"TUM", "STR"}, {"TUM", "STR", "LYM"}), HasSubstr("2 classes (TUM, STR), the model has 3 (TUM, STR, LYM)"));
  EXPECT_THAT(error_of(3, {}, {"TUM", "STR"}), HasSubstr("its images have 3 classes, the model has 2 (TUM, STR)"));
  EXPECT_THAT(error_of(2, {"tum", "str"}, {"TUM", "STR"}), HasSubstr("the same names are wanted"));
  EXPECT_THAT(error_of(3, {}, {"class1", "class2"}), HasSubstr("its images have 3 classes, the model has 2 (class1, class2)"));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
