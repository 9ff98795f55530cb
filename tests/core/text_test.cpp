#include "wsi_lpd/core/text.hpp"

#include <gtest/gtest.h>

namespace wsi_lpd {
namespace {

TEST(Text, NearestWord) {
  const std::vector<std::string> options{"overlap", "output", "blend", "tissue", "tile", "probabilities", "geojson", "geojson-mpp"};
  EXPECT_EQ(nearest("overlop", options), "overlap");
  EXPECT_EQ(nearest("overlpa", options), "overlap") << "a swap is one edit";
  EXPECT_EQ(nearest("Tisue", options), "tissue");
  EXPECT_EQ(nearest("tile", options), "tile");
  EXPECT_EQ(nearest("ble", options), "blend") << "begun";
  EXPECT_EQ(nearest("probabilities-mpp-at-level-0", options), "probabilities") << "the only one that the word begins with";
  EXPECT_EQ(nearest("geo", options), "") << "two begin so";
  EXPECT_EQ(nearest("stain", options), "");
  EXPECT_EQ(nearest("", options), "");
  EXPECT_EQ(nearest("a", {"b"}), "") << "nothing is left of the word";
  EXPECT_EQ(nearest("tum", {"STR", "TUM"}), "TUM");
  EXPECT_EQ(nearest("ba", {}), "");
  EXPECT_EQ(nearest("cat", {"bat", "rat"}), "bat") << "the first of equally near ones";
}

TEST(Text, AsksWhatWasMeant) {
  EXPECT_EQ(did_you_mean("overlop", {"overlap"}), "; did you mean 'overlap'?");
  EXPECT_EQ(did_you_mean("fly", {"train", "segment"}), "");
}

}  // namespace
}  // namespace wsi_lpd
