#include "html.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace wsi_lpd::output {
namespace {

using namespace std::string_literals;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

/// What a browser makes of the five references that html() writes.
std::string read_by_browser(std::string text) {
  for (const auto& [code, character] : {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}})
    text = replaced(text, code, character);
  return text;
}

std::string percent_decoded(const std::string& url) {
  std::string bytes;
  for (std::size_t i = 0; i < url.size(); ++i) {
    const bool code = url[i] == '%';
    bytes += code ? static_cast<char>(std::stoi(url.substr(i + 1, 2), nullptr, 16)) : url[i];
    if (code) i += 2;
  }
  return bytes;
}

TEST(Html, EscapesMarkupAndNothingElse) {
  EXPECT_EQ(html("<a href=\"x\" on='y'>R&D</a>"), "&lt;a href=&quot;x&quot; on=&#39;y&#39;&gt;R&amp;D&lt;/a&gt;");
  EXPECT_EQ(html("&amp;"), "&amp;amp;");
  EXPECT_EQ(html("0.5 µm, 肿瘤 (100 %); a/b\\c`"), "0.5 µm, 肿瘤 (100 %); a/b\\c`");
  EXPECT_EQ(html(""), "");
}

TEST(Html, ReplacesControlCharactersAndBytesThatAreNotUtf8) {
  EXPECT_EQ(html("two\nlines\tand\x1b[31m\x01"), "two lines and [31m ");
  EXPECT_EQ(html("a\xff"
                 "b\xc3"),
            "a\ufffdb\ufffd");
  EXPECT_EQ(html("a\0b"s), "a\ufffdb");
}

TEST(Html, AnyTextComesBackFromTheBrowser) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) text += static_cast<char>(32 + random() % 95);
    const std::string escaped = html(text);
    EXPECT_EQ(escaped.find_first_of("<>\"'"), std::string::npos) << text;
    EXPECT_EQ(read_by_browser(escaped), text);
  }
}

TEST(Html, LinksHoldAnyPath) {
  EXPECT_EQ(link("slides/a-b_c.0~1.tif"), "slides/a-b_c.0~1.tif");
  EXPECT_EQ(link("a b'c\"?#&%.tif"), "a%20b%27c%22%3F%23%26%25.tif");
  EXPECT_EQ(link("javascript:alert(1)"), "javascript%3Aalert%281%29");
  EXPECT_EQ(link("ä"), "%C3%A4");
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decoded(link(all)), all);
}

TEST(Html, JsonCannotEndItsScript) {
  const nlohmann::json json{{"</script>", "<!--"}, {"plain", "a > b & \"c\""}};
  const std::string text = json_for_script(json.dump());
  EXPECT_EQ(text.find('<'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(text), json);
  EXPECT_EQ(json_for_script("[1]"), "[1]");
}

TEST(Html, DefinitionsEscapeTheirTermOnly) { EXPECT_EQ(definition("a < b", "<b>1</b>"), "<dt>a &lt; b</dt><dd><b>1</b></dd>\n"); }

}  // namespace
}  // namespace wsi_lpd::output
