#include "wsi_lpd/core/utf8.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "wsi_lpd/core/json_text.hpp"

namespace wsi_lpd::core {
namespace {

using Json = nlohmann::ordered_json;

TEST(Utf8, CharactersStayAndOtherBytesAreWritten) {
  const std::string characters = "a \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \\x41 \\";
  EXPECT_EQ(utf8_of_bytes(characters), characters);
  EXPECT_EQ(bytes_of_utf8(characters), characters) << "a byte below 0x80 is no escape";
  EXPECT_EQ(utf8_of_bytes("caf\xE9.svs"), "caf\\xE9.svs");
  EXPECT_EQ(utf8_of_bytes("\xC3"), "\\xC3") << "cut off";
  EXPECT_EQ(utf8_of_bytes("\xC0\x80"), "\\xC0\\x80") << "a longer form of a character";
  EXPECT_EQ(utf8_of_bytes("\xED\xA0\x80"), "\\xED\\xA0\\x80") << "a surrogate";
  EXPECT_EQ(utf8_of_bytes("\xF4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80") << "beyond the last character";
  EXPECT_EQ(bytes_of_utf8("caf\\xE9.svs \\xe9 \\xE \\x"), "caf\xE9.svs \\xe9 \\xE \\x");
}

TEST(Utf8, AnyBytesComeBackFromTextThatJsonTakes) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 12, ' ');
    for (char& byte : bytes) byte = static_cast<char>(random() % 3 ? 0x80 + random() % 128 : 'a' + random() % 26);
    const std::string text = utf8_of_bytes(bytes);
    EXPECT_NO_THROW(static_cast<void>(Json(text).dump()));
    EXPECT_EQ(bytes_of_utf8(text), bytes);
  }
}

TEST(Utf8, TextsOfOneJsonStayDifferent) {
  const Json json{{"slides", {"a\xE9", "a\xE8", "plain"}}, {"k\xFF", {{"deep", {1, "\xFF"}}}}, {"number", 0.5}};
  EXPECT_EQ(json_text(json), R"({"slides":["a\\xE9","a\\xE8","plain"],"k\\xFF":{"deep":[1,"\\xFF"]},"number":0.5})");
  EXPECT_EQ(json_text(Json{{"a", "\xC3\xA9"}}, -1, true), R"({"a":"\u00e9"})");
  EXPECT_EQ(json_text(Json::array({1}), 2), "[\n  1\n]");
}

}  // namespace
}  // namespace wsi_lpd::core
