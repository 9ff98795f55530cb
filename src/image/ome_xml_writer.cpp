#include "ome_xml_writer.hpp"

#include <glib.h>

#include <map>
#include <memory>

#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::image {
namespace {

constexpr const char* kSchema = "http://www.openmicroscopy.org/Schemas/OME/2016-06";
constexpr const char* kCommentNamespace = "wsi-lpd/description";
constexpr const char* kNotesNamespace = "wsi-lpd/notes";

/// UTF-8 as text of XML. No numeric references: Bio-Formats (7.3) breaks them. What XML cannot hold becomes U+FFFD.
std::string xml_from(const std::string& text) {
  static const std::map<gunichar, std::string> kMarkup{{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&apos;"}};
  std::string xml;
  for (std::size_t at = 0; at < text.size();) {
    const gunichar character = g_utf8_get_char_validated(text.data() + at, static_cast<gssize>(text.size() - at));
    const bool valid = g_unichar_validate(character);
    const auto bytes = valid ? static_cast<std::size_t>(g_unichar_to_utf8(character, nullptr)) : 1;
    const bool control = character < 0x20 && character != '\t' && character != '\n' && character != '\r';
    if (!valid || control || character == 0xFFFE || character == 0xFFFF) {
      xml += "\ufffd";
    } else if (const auto markup = kMarkup.find(character); markup != kMarkup.end()) {
      xml += markup->second;
    } else {
      xml += text.substr(at, bytes);
    }
    at += bytes;
  }
  return xml;
}

std::string attribute(const std::string& name, const std::string& value) { return " " + name + "=\"" + xml_from(value) + "\""; }

/// Red, green, blue and alpha in one signed number, as the schema has it.
std::string number_of(const core::Colour& colour) {
  const std::uint32_t rgba =
      std::uint32_t{colour.red} << 24U | std::uint32_t{colour.green} << 16U | std::uint32_t{colour.blue} << 8U | 255U;
  return std::to_string(static_cast<std::int32_t>(rgba));
}

std::string pixels(const OmeMetadata& metadata, core::Size size, double mpp) {
  const std::string count = std::to_string(metadata.channels.size());
  std::string xml = "<Pixels ID=\"Pixels:0\" DimensionOrder=\"XYCZT\" Type=\"uint8\" BigEndian=\"false\" SizeX=\"" +
                    std::to_string(size.width) + "\" SizeY=\"" + std::to_string(size.height) + "\" SizeZ=\"1\" SizeC=\"" + count +
                    "\" SizeT=\"1\"";
  for (const std::string axis : {"X", "Y"}) {
    if (mpp > 0) xml += attribute("PhysicalSize" + axis, core::shortest(mpp)) + attribute("PhysicalSize" + axis + "Unit", "\u00b5m");
  }
  xml += ">";
  for (std::size_t c = 0; c < metadata.channels.size(); ++c) {
    const OmeMetadata::Channel& channel = metadata.channels[c];
    xml += "<Channel" + attribute("ID", "Channel:0:" + std::to_string(c)) + attribute("Name", channel.name) + " SamplesPerPixel=\"1\"" +
           (channel.colour ? attribute("Color", number_of(*channel.colour)) : "") + "/>";
  }
  for (std::size_t c = 0; c < metadata.channels.size(); ++c) {
    const std::string page = std::to_string(c);
    xml += "<TiffData" + attribute("FirstC", page) + attribute("IFD", page) + " PlaneCount=\"1\"/>";
  }
  return xml + "</Pixels>";
}

/// Where a parser is in an OME-XML, and what it has of our comment.
struct CommentSearch {
  bool in_comment = false, in_value = false;
  std::optional<std::string> text;
};

/// Without the prefix of a namespace.
bool is_element(const char* name, const std::string& local) {
  const std::string text = name;
  return text == local || text.ends_with(":" + local);
}

void begin_element(GMarkupParseContext*, const gchar* name, const gchar** names, const gchar** values, gpointer data, GError**) {
  auto& search = *static_cast<CommentSearch*>(data);
  if (search.in_comment) search.in_value = is_element(name, "Value");
  if (!is_element(name, "CommentAnnotation")) return;
  for (std::size_t i = 0; names[i]; ++i)
    search.in_comment = search.in_comment || (std::string(names[i]) == "Namespace" && std::string(values[i]) == kCommentNamespace);
}

void end_element(GMarkupParseContext*, const gchar* name, gpointer data, GError**) {
  auto& search = *static_cast<CommentSearch*>(data);
  search.in_value = false;
  if (is_element(name, "CommentAnnotation")) search.in_comment = false;
}

void add_text(GMarkupParseContext*, const gchar* text, gsize length, gpointer data, GError**) {
  auto& search = *static_cast<CommentSearch*>(data);
  if (search.in_value) search.text = search.text.value_or("") + std::string(text, length);
}

}  // namespace

std::string write_ome_xml(const OmeMetadata& metadata, core::Size size, double mpp, const std::string& comment) {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OME" + attribute("xmlns", kSchema) +
                    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"" +
                    attribute("xsi:schemaLocation", std::string(kSchema) + " " + kSchema + "/ome.xsd") + " Creator=\"wsi-lpd\">" +
                    "<Image ID=\"Image:0\"" + attribute("Name", metadata.name) + ">" + pixels(metadata, size, mpp);
  std::string annotations;
  const auto begin = [&](const std::string& kind, const std::string& id, const char* whose) {
    xml += "<AnnotationRef" + attribute("ID", id) + "/>";
    annotations += "<" + kind + attribute("ID", id) + attribute("Namespace", whose) + "><Value>";
  };
  if (!comment.empty()) {
    begin("CommentAnnotation", "Annotation:0", kCommentNamespace);
    annotations += xml_from(comment) + "</Value></CommentAnnotation>";
  }
  if (!metadata.notes.empty()) {
    begin("MapAnnotation", "Annotation:1", kNotesNamespace);
    for (const auto& [key, value] : metadata.notes) annotations += "<M" + attribute("K", key) + ">" + xml_from(value) + "</M>";
    annotations += "</Value></MapAnnotation>";
  }
  xml += "</Image>";
  if (!annotations.empty()) xml += "<StructuredAnnotations>" + annotations + "</StructuredAnnotations>";
  return xml + "</OME>";
}

std::optional<std::string> ome_comment(const std::string& xml) {
  const GMarkupParser parser{begin_element, end_element, add_text, nullptr, nullptr};
  CommentSearch search;
  const std::unique_ptr<GMarkupParseContext, void (*)(GMarkupParseContext*)> context(
      g_markup_parse_context_new(&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &search, nullptr), g_markup_parse_context_free);
  const bool parsed = g_markup_parse_context_parse(context.get(), xml.data(), static_cast<gssize>(xml.size()), nullptr) != 0;
  return parsed ? search.text : std::nullopt;
}

}  // namespace wsi_lpd::image
