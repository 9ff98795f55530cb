#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/image/label_reader.hpp"

// The pixels of a label raster have values and, in indexed rasters, colours. When values and colours mean different classes, the colours
// count: they are what the annotator saw, and programs may reorder the palette when they save a raster. Functions here are thread-safe;
// PaletteTally is not.
namespace wsi_lpd::pipeline::training {

/// The class of each value of a raster: 0…C−1 classes, C background, or one of the constants below.
using LabelTable = std::array<std::uint8_t, 256>;
inline constexpr std::uint8_t kUnknownLabel = 253;  ///< a value that means no class
inline constexpr std::uint8_t kLeftOutLabel = 255;  ///< pixels that are left out of all counts
using UsedValues = std::bitset<256>;

UsedValues used_values(const core::Image& labels);

/// The colours of a raster's values.
struct Palette {
  explicit Palette(const image::LabelReader& reader) : entries(reader.palette()), is_rgb(reader.is_rgb()) {}
  bool operator==(const Palette&) const = default;
  std::vector<image::PaletteEntry> entries;  ///< empty: a grey raster without palette
  bool is_rgb;  ///< an RGB raster, whose values number its colours: only the classes' colours give them a meaning
};

/// How a palette compares with the colours of the classes.
enum class PaletteSays {
  Nothing,       ///< no palette, a grey ramp, or two classes share a colour
  Same,          ///< the colours agree with the values
  OtherOrder,    ///< the classes' colours at other values
  OtherColours,  ///< colours that are not the classes'
};

struct PaletteReading {
  PaletteSays says = PaletteSays::Nothing;
  LabelTable table{};    ///< the table to use: `by_value`, or with OtherOrder the one by colour
  std::string detail{};  ///< OtherOrder: the classes in the palette's order; OtherColours: the first mismatch
  bool is_rgb = false;   ///< Palette::is_rgb
};

/// Compares a palette with the colours of `classes`. `by_value` is the meaning of the values without a palette. Only values in `used` are
/// compared.
PaletteReading hold_palette(const Palette& palette, const UsedValues& used, const core::ClassScheme& classes, const LabelTable& by_value);

/// Sums up the readings of many rasters, so that each kind is reported in one line.
class PaletteTally {
 public:
  void add(const std::string& file, const PaletteReading& reading);
  /// Reports to the observer. `values` describes the meaning of the values when colours do not count, e.g. "0… classes, then background".
  void tell(const std::string& values, core::ProgressObserver& observer) const;

 private:
  struct Kind {
    std::int64_t count = 0;
    std::string file, detail;  ///< of the first raster
    bool alike = true;         ///< all rasters have the same detail
  };
  static void add(Kind& kind, const std::string& file, const std::string& detail);
  Kind rgb_, order_, colours_;
};

}  // namespace wsi_lpd::pipeline::training
