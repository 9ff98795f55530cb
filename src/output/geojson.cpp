#include "wsi_lpd/output/geojson.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/json_text.hpp"

namespace wsi_lpd::output {
namespace {

void append_number(std::string& text, double value, int decimals) {
  char digits[64];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value, std::chars_format::fixed, decimals).ptr;
  text.append(digits, end);
  if (decimals == 0) return;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
}

}  // namespace

struct GeoJsonFile::Impl {
  Impl(const std::filesystem::path& path, const core::Frame& frame_, const core::ClassScheme& classes, double pixel)
      : part(path), frame(frame_), decimals(std::clamp(static_cast<int>(std::ceil(std::log10(200 / (pixel * frame.scale)))), 1, 6)) {
    errno = 0;
    stream.open(part.path(), std::ios::binary);
    for (int c = 0; c < classes.count(); ++c) {
      const core::Colour& colour = classes.colours[static_cast<std::size_t>(c)];
      const nlohmann::ordered_json classification{{"name", classes.names[static_cast<std::size_t>(c)]},
                                                  {"color", {colour.red, colour.green, colour.blue}}};
      classifications.push_back(core::json_text(classification));
    }
    write("{\"type\":\"FeatureCollection\",\"features\":[");
  }

  void write(const std::string& text) {
    stream << text;
    check();
  }
  void check() const {
    if (!stream) throw core::Error("writing " + part.final_path().string() + ": " + std::strerror(errno ? errno : EIO));
  }

  void append_ring(std::string& text, const core::Ring& ring) const {
    text += '[';
    for (std::size_t i = 0; i <= ring.size(); ++i) {  // GeoJSON repeats the first point
      const core::Point& point = ring[i % ring.size()];
      text += i == 0 ? "[" : ",[";
      append_number(text, point.x * frame.scale, decimals);
      text += ',';
      append_number(text, point.y * frame.scale, decimals);
      text += ']';
    }
    text += ']';
  }

  core::PartFile part;
  core::Frame frame;
  int decimals;
  std::ofstream stream;
  std::vector<std::string> classifications;
  bool first = true;
};

GeoJsonFile::GeoJsonFile(const std::filesystem::path& path, const core::Frame& frame, const core::ClassScheme& classes, double pixel)
    : impl_(std::make_unique<Impl>(path, frame, classes, pixel)) {}
GeoJsonFile::GeoJsonFile(GeoJsonFile&&) noexcept = default;
GeoJsonFile::~GeoJsonFile() = default;

void GeoJsonFile::add(const raster::Outline& outline) {
  const core::Frame& frame = impl_->frame;
  std::string text = impl_->first ? "\n" : ",\n";
  impl_->first = false;
  text += R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":[)";
  impl_->append_ring(text, outline.outer);
  for (const core::Ring& hole : outline.holes) {
    text += ',';
    impl_->append_ring(text, hole);
  }
  text += R"(]},"properties":{"objectType":"annotation","classification":)" + impl_->classifications.at(outline.value - 1U);
  const bool known = frame.mpp > 0;
  const double side = known ? frame.mpp : frame.scale;  // of an output pixel
  text += known ? ",\"measurements\":{\"Area µm^2\":" : ",\"measurements\":{\"Area px^2\":";
  append_number(text, outline.area() * side * side, 2);
  text += known ? ",\"Perimeter µm\":" : ",\"Perimeter px\":";
  append_number(text, outline.perimeter() * side, 2);
  text += "}}}";
  impl_->write(text);
}

void GeoJsonFile::finish() {
  impl_->write("\n]}\n");
  impl_->stream.close();
  impl_->check();
  impl_->part.commit();
}

}  // namespace wsi_lpd::output
