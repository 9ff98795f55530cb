// OME-XML: sizes are ones that can be, and what is written comes back.
#include "ome_xml.hpp"

#include <cmath>

#include "fuzz.hpp"
#include "ome_xml_writer.hpp"

using namespace wsi_lpd;

namespace {

/// What XML makes of line breaks.
std::string with_line_feeds(std::string text) {
  for (std::size_t at = 0; (at = text.find('\r', at)) != std::string::npos;) {
    if (at + 1 < text.size() && text[at + 1] == '\n') {
      text.erase(at, 1);
    } else {
      text[at] = '\n';
    }
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text = fuzz::text_of(bytes, size);
  fuzz::accepts([&] {
    const auto pixels = image::parse_ome_xml(text, {640, 480});
    if (!pixels) return;
    fuzz::check(pixels->size.width > 0 && pixels->size.height > 0 && pixels->planes > 0, "pixels without a size");
    for (const auto& mpp : {pixels->mpp_x, pixels->mpp_y}) fuzz::check(!mpp || std::isfinite(*mpp), "micrometres that are not finite");
  });
  fuzz::accepts([&] { image::ome_comment(text); });

  const image::OmeMetadata metadata{.name = text, .channels = {{text, {}}, {"other", core::Colour{1, 2, 3}}}, .notes = {{text, text}}};
  std::string xml;
  fuzz::must_accept("text", [&] { xml = image::write_ome_xml(metadata, {321, 123}, 0.25, text); });
  const auto pixels = image::parse_ome_xml(xml, {321, 123});
  fuzz::check(pixels && pixels->size == core::Size{321, 123} && pixels->planes == 2 && pixels->mpp_x == 0.25,
              "other pixels than were written");
  const std::string comment = image::ome_comment(xml).value_or("");
  fuzz::check(comment.empty() == text.empty(), "a comment that got lost");
  const auto written = [&](const std::string& of) { return image::write_ome_xml(metadata, {321, 123}, 0.25, of); };
  fuzz::check(written(comment) == written(with_line_feeds(text)), "another comment than was written");
  return 0;
}
