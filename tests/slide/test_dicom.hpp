#pragma once
// DICOM slides (VL Whole Slide Microscopy, PS3.3 A.32.8) made for tests: explicit VR, little endian, uncompressed RGB, all tiles in order.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::testing {

/// Elements by tag, group × 65536 + element; DICOM wants them in this order.
class DicomElements {
 public:
  void text(std::uint32_t tag, const char* vr, std::string value) {
    if (value.size() % 2) value += std::string(vr) == "UI" ? '\0' : ' ';
    add(tag, vr, value);
  }
  void u16(std::uint32_t tag, std::uint16_t value) { add(tag, "US", bytes(value)); }
  void u32(std::uint32_t tag, std::uint32_t value) { add(tag, "UL", bytes(value)); }
  void f32(std::uint32_t tag, float value) { add(tag, "FL", bytes(value)); }
  void data(std::uint32_t tag, const char* vr, const std::string& value) { add(tag, vr, value); }
  void sequence(std::uint32_t tag, const DicomElements& item) {
    const std::string content = item.encoded();
    add(tag, "SQ",
        bytes(std::uint16_t{0xFFFE}) + bytes(std::uint16_t{0xE000}) + bytes(static_cast<std::uint32_t>(content.size())) + content);
  }
  std::string encoded() const {
    std::string all;
    for (const auto& [tag, element] : elements_) all += element;
    return all;
  }

 private:
  template <class Number>
  static std::string bytes(Number value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
  }
  void add(std::uint32_t tag, const std::string& vr, const std::string& value) {
    std::string element = bytes(static_cast<std::uint16_t>(tag >> 16U)) + bytes(static_cast<std::uint16_t>(tag)) + vr;
    if (vr == "OB" || vr == "SQ")
      element += bytes(std::uint16_t{0}) + bytes(static_cast<std::uint32_t>(value.size()));
    else
      element += bytes(static_cast<std::uint16_t>(value.size()));
    elements_[tag] = element + value;
  }
  std::map<std::uint32_t, std::string> elements_;
};

/// One level of a slide. Files with the same `series` in one folder are one slide. `mpp` is of this level, µm/px.
inline void write_dicom(const std::filesystem::path& path, const core::Image& rgb, double mpp, int tile = 256,
                        const std::string& series = "1.2.3", bool is_level0 = true) {
  const auto side = static_cast<std::int64_t>(tile);
  const std::int64_t columns = (rgb.width() + side - 1) / side, rows = (rgb.height() + side - 1) / side;
  const std::string kind = "1.2.840.10008.5.1.4.1.1.77.1.6", instance = series + "." + std::to_string(rgb.width()),
                    spacing = std::to_string(mpp / 1000);
  DicomElements meta;
  meta.data(0x00020001, "OB", std::string("\0\1", 2));
  meta.text(0x00020002, "UI", kind);
  meta.text(0x00020003, "UI", instance);
  meta.text(0x00020010, "UI", "1.2.840.10008.1.2.1");
  meta.text(0x00020012, "UI", "1.2.3.4");
  DicomElements length;
  length.u32(0x00020000, static_cast<std::uint32_t>(meta.encoded().size()));

  DicomElements all, origin, measures, groups, path_of_light;
  all.text(0x00080008, "CS", is_level0 ? "ORIGINAL\\PRIMARY\\VOLUME\\NONE" : "DERIVED\\PRIMARY\\VOLUME\\RESAMPLED");
  all.text(0x00080016, "UI", kind);
  all.text(0x00080018, "UI", instance);
  all.text(0x00080060, "CS", "SM");
  all.text(0x0020000D, "UI", series + ".1");
  all.text(0x0020000E, "UI", series);
  all.text(0x00200052, "UI", series + ".2");
  all.text(0x00209311, "CS", "TILED_FULL");
  all.u16(0x00280002, 3);
  all.text(0x00280004, "CS", "RGB");
  all.u16(0x00280006, 0);
  all.text(0x00280008, "IS", std::to_string(columns * rows));
  all.u16(0x00280010, static_cast<std::uint16_t>(tile));
  all.u16(0x00280011, static_cast<std::uint16_t>(tile));
  all.u16(0x00280100, 8);
  all.u16(0x00280101, 8);
  all.u16(0x00280102, 7);
  all.u16(0x00280103, 0);
  all.f32(0x00480001, static_cast<float>(static_cast<double>(rgb.width()) * mpp / 1000));
  all.f32(0x00480002, static_cast<float>(static_cast<double>(rgb.height()) * mpp / 1000));
  all.u32(0x00480006, static_cast<std::uint32_t>(rgb.width()));
  all.u32(0x00480007, static_cast<std::uint32_t>(rgb.height()));
  origin.text(0x0040072A, "DS", "0");
  origin.text(0x0040073A, "DS", "0");
  all.sequence(0x00480008, origin);
  all.text(0x00480102, "DS", "0\\-1\\0\\-1\\0\\0");
  path_of_light.text(0x00480106, "SH", "1");
  all.sequence(0x00480105, path_of_light);
  all.u32(0x00480302, 1);
  all.u32(0x00480303, 1);
  measures.text(0x00180050, "DS", "0.001");
  measures.text(0x00280030, "DS", spacing + "\\" + spacing);
  groups.sequence(0x00289110, measures);
  all.sequence(0x52009229, groups);
  std::string pixels;
  for (std::int64_t y = 0; y < rows * side; y += side) {
    for (std::int64_t x = 0; x < columns * side; x += side) {
      for (std::int64_t row = y; row < y + side; ++row) {
        const std::int64_t inside = row < rgb.height() ? std::clamp<std::int64_t>(rgb.width() - x, 0, side) : 0;
        if (inside > 0) pixels.append(reinterpret_cast<const char*>(rgb.at(x, row)), static_cast<std::size_t>(inside * 3));
        pixels.append(static_cast<std::size_t>((side - inside) * 3), '\xFF');
      }
    }
  }
  all.data(0x7FE00010, "OB", pixels);
  core::write_text_file(path, std::string(128, '\0') + "DICM" + length.encoded() + meta.encoded() + all.encoded());
}

}  // namespace wsi_lpd::testing
