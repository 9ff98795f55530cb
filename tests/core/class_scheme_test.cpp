#include "wsi_lpd/core/class_scheme.hpp"

#include <gtest/gtest.h>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {
namespace {

TEST(Colour, RoundTripsAndRefusesOtherText) {
  EXPECT_EQ(to_string(parse_colour("#00c8Ff")), "#00c8ff");
  for (const char* text : {"", "red", "#12345", "#1234567", "#12345g"}) EXPECT_THROW(parse_colour(text), UsageError) << text;
}

TEST(ClassScheme, DefaultsAreValidForEveryCount) {
  EXPECT_EQ(default_class_scheme(4).names, (std::vector<std::string>{"TUM", "STR", "LYM", "NEC"}));
  for (int count = 1; count <= kMaxClasses; ++count) EXPECT_NO_THROW(validate(default_class_scheme(count))) << count;
}

TEST(ClassScheme, RefusesWhatCannotBeLabelled) {
  ClassScheme scheme = default_class_scheme(3);
  scheme.names[1] = scheme.names[0];
  EXPECT_THROW(validate(scheme), UsageError);
  scheme = default_class_scheme(3);
  scheme.colours.pop_back();
  EXPECT_THROW(validate(scheme), UsageError);
  EXPECT_THROW(validate(ClassScheme{}), UsageError);
  EXPECT_THROW(validate(default_class_scheme(kMaxClasses + 1)), UsageError);
}

}  // namespace
}  // namespace wsi_lpd::core
