#include "ome_xml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ome_xml_writer.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::image {
namespace {

using ::testing::HasSubstr;

std::string ome(const std::string& content) {
  return "<OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\">" + content + "</OME>";
}

OmePixels pixels(const std::string& attributes, const std::string& content = "") {
  const auto parsed =
      parse_ome_xml(ome("<Image><Pixels SizeX=\"30\" SizeY=\"20\" " + attributes + ">" + content + "</Pixels></Image>"), {});
  EXPECT_TRUE(parsed.has_value());
  return parsed.value_or(OmePixels{});
}

std::string refusal(const std::string& xml) {
  try {
    parse_ome_xml(xml, {30, 20});
  } catch (const core::Error& error) {
    return error.what();
  }
  return "read without complaint";
}

TEST(OmeXml, OtherDescriptionsAreNone) {
  for (const std::string text : {"", "Aperio Image Library|MPP = 0.25", "<Pixels SizeX=\"3\" SizeY=\"2\"/>", "<OME><Pixels/></OME>"})
    EXPECT_FALSE(parse_ome_xml(text, {3, 2}).has_value()) << text;
}

TEST(OmeXml, ReadsSizeDepthAndPlanes) {
  const OmePixels plain = pixels("");
  EXPECT_EQ(plain.size, (core::Size{30, 20}));
  EXPECT_EQ(plain.planes, 1);
  EXPECT_EQ(plain.significant_bits, 0);
  EXPECT_FALSE(plain.mpp_x || plain.mpp_y);
  EXPECT_EQ(pixels("SignificantBits=\"12\"").significant_bits, 12);
  EXPECT_EQ(pixels("SizeZ=\"5\" SizeT=\"2\" SizeC=\"3\"").planes, 30);
  EXPECT_EQ(pixels("SizeC=\"3\"", "<Channel ID=\"Channel:0:0\" SamplesPerPixel=\"3\"/>").planes, 1);
  EXPECT_EQ(pixels("SizeC=\"4\"", "<Channel SamplesPerPixel=\"3\"/><Channel SamplesPerPixel=\"1\"/>").planes, 2);
  EXPECT_EQ(pixels("SizeZ=\"-7\" SizeT=\"x\" SizeC=\"0\"").planes, 1);
}

TEST(OmeXml, EveryUnitOfLengthIsMicrometres) {
  const std::vector<std::pair<std::string, double>> units{{"m", 1e6},     {"cm", 1e4},      {"mm", 1e3},    {"\u00b5m", 1}, {"\u03bcm", 1},
                                                          {"&#181;m", 1}, {"&#xB5;m", 1},   {"&#956;m", 1}, {"um", 1},      {"nm", 1e-3},
                                                          {"pm", 1e-6},   {"\u00c5", 1e-4}, {"in", 25400.0}};
  for (const auto& [unit, micrometres] : units) {
    const OmePixels read =
        pixels("PhysicalSizeX=\"0.5\" PhysicalSizeXUnit=\"" + unit + "\" PhysicalSizeY=\"2\" PhysicalSizeYUnit=\"" + unit + "\"");
    ASSERT_TRUE(read.mpp_x && read.mpp_y) << unit;
    EXPECT_DOUBLE_EQ(*read.mpp_x, 0.5 * micrometres) << unit;
    EXPECT_DOUBLE_EQ(*read.mpp_y, 2 * micrometres) << unit;
  }
  EXPECT_EQ(pixels("PhysicalSizeX=\"0.25\"").mpp_x, 0.25) << "without a unit: micrometres";
  for (const std::string other :
       {"PhysicalSizeX=\"1\" PhysicalSizeXUnit=\"pixel\"", "PhysicalSizeX=\"1\" PhysicalSizeXUnit=\"reference frame\"",
        "PhysicalSizeX=\"nan\"", "PhysicalSizeX=\"inf\"", "PhysicalSizeX=\"0,25\"", "PhysicalSizeX=\"\""})
    EXPECT_FALSE(pixels(other).mpp_x.has_value()) << other;
}

TEST(OmeXml, PrefixesQuotesAndLineBreaksAreXml) {
  const auto read = parse_ome_xml(
      "<ome:OME xmlns:ome='http://www.openmicroscopy.org/Schemas/OME/2016-06'><ome:PixelsX SizeX='1' SizeY='1'/>"
      "<ome:Pixels\n\tPhysicalSizeX = '0.5'\r\n SizeY='20'\n SizeX='30'\n/></ome:OME>",
      {30, 20});
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->size, (core::Size{30, 20}));
  EXPECT_EQ(read->mpp_x, 0.5);
}

TEST(OmeXml, TakesTheImageOfTheSizeElseTheFirst) {
  const std::string xml =
      ome("<Pixels SizeX=\"9\" SizeY=\"8\" PhysicalSizeX=\"1\"/><Pixels SizeX=\"30\" SizeY=\"20\" PhysicalSizeX=\"2\"/>"
          "<Pixels SizeX=\"30\" SizeY=\"20\" PhysicalSizeX=\"3\"/>");
  EXPECT_EQ(parse_ome_xml(xml, {30, 20})->mpp_x, 2);
  EXPECT_EQ(parse_ome_xml(xml, {31, 20})->mpp_x, 1);
}

TEST(OmeXml, ImagesWithoutASizeAreErrors) {
  for (const std::string content :
       {"", "<Image/>", "<Pixels SizeX=\"30\"/>", "<Pixels SizeX=\"0\" SizeY=\"20\"/>", "<Pixels SizeX=\"30\" SizeY=\"-1\"/>",
        "<Pixels SizeX=\"30\" SizeY=\"1e9\"/>", "<Pixels SizeX=\"99999999999999999999\" SizeY=\"1\"/>"})
    EXPECT_THAT(refusal(ome(content)), HasSubstr("OME-XML says no size")) << content;
}

const OmeMetadata kMetadata{.name = "slide <1> & \"2\"",
                            .channels = {{"TUM", core::Colour{255, 0, 0}}, {"'STR'", {}}, {"肿瘤", core::Colour{0, 0, 1}}},
                            .notes = {{"class 1", "<TUM>"}}};

TEST(OmeXml, ReadsWhatItWrites) {
  const std::string comment = "{\"a\": \"<b> & 'c'\",\n\t\"µ\": 1}";
  const std::string xml = write_ome_xml(kMetadata, {30, 20}, 0.2517, comment);
  const auto read = parse_ome_xml(xml, {30, 20});
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->size, (core::Size{30, 20}));
  EXPECT_EQ(read->planes, 3);
  EXPECT_EQ(read->mpp_x, 0.2517);
  EXPECT_EQ(read->mpp_y, 0.2517);
  EXPECT_EQ(ome_comment(xml), comment);
  EXPECT_THAT(xml, HasSubstr("Name=\"slide &lt;1&gt; &amp; &quot;2&quot;\""));
  EXPECT_THAT(xml, HasSubstr("Name=\"TUM\" SamplesPerPixel=\"1\" Color=\"-16776961\"")) << "red, opaque, as one signed number";
  EXPECT_THAT(xml, HasSubstr("<M K=\"class 1\">&lt;TUM&gt;</M>"));

  const std::string unknown = write_ome_xml(kMetadata, {30, 20}, 0, "");
  EXPECT_FALSE(parse_ome_xml(unknown, {30, 20})->mpp_x.has_value());
  EXPECT_FALSE(ome_comment(unknown).has_value());
}

TEST(OmeXml, TextThatXmlCannotHoldIsReplaced) {
  const std::string xml = write_ome_xml({.name = "a\x01\xff", .channels = {{"x"}}, .notes = {}}, {3, 2}, 1, "b\x02\xc3");
  EXPECT_THAT(xml, HasSubstr("Name=\"a\ufffd\ufffd\""));
  EXPECT_EQ(ome_comment(xml), "b\ufffd\ufffd");
}

TEST(OmeXml, CommentsOfOthersAreNotOurs) {
  const std::string xml = write_ome_xml(kMetadata, {30, 20}, 1, "ours");
  std::string theirs = xml;
  theirs.replace(theirs.find("wsi-lpd/description"), 19, "openmicroscopy.org/");
  EXPECT_FALSE(ome_comment(theirs).has_value());
  EXPECT_FALSE(ome_comment("no XML").has_value());
}

TEST(OmeXml, CutAnywhereItIsReadOrRefused) {
  const std::string xml = write_ome_xml(kMetadata, {30, 20}, 0.25, "comment");
  for (std::size_t length = 0; length < xml.size(); ++length) {
    const std::string cut = xml.substr(0, length), said = refusal(cut);
    EXPECT_TRUE(said == "read without complaint" || said.find("says no size") != std::string::npos) << length;
    const auto comment = ome_comment(cut);
    EXPECT_TRUE(!comment || std::string("comment").starts_with(*comment)) << length;
  }
}

}  // namespace
}  // namespace wsi_lpd::image
