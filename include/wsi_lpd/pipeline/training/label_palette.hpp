#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/image/label_reader.hpp"

// Label rasters have values and, where they are indexed, colours for them. Where the two tell different classes, the colours are right:
// they are what the person saw who drew the raster, and programs that save one sort its palette as they like.
namespace wsi_lpd::pipeline::training {

/// What each value of a raster becomes: 0…C−1 classes, C background, and what the reader adds.
using LabelTable = std::array<std::uint8_t, 256>;
inline constexpr std::uint8_t kUnknownLabel = 253;  ///< a value that the raster must not have
inline constexpr std::uint8_t kLeftOutLabel = 255;  ///< pixels that count nowhere
using UsedValues = std::bitset<256>;

UsedValues used_values(const core::Image& labels);

/// What a reader says of its values' colours.
struct Palette {
  explicit Palette(const image::LabelReader& reader) : entries(reader.palette()), is_rgb(reader.is_rgb()) {}
  bool operator==(const Palette&) const = default;
  std::vector<image::PaletteEntry> entries;  ///< empty: grey
  bool is_rgb;                               ///< pixels are colours, values their numbers: without the classes' colours nothing can be read
};

enum class PaletteSays {
  Nothing,       ///< there is none, it is a ramp of grey, or two classes share a colour
  Same,          ///< what the values say
  OtherOrder,    ///< the classes' colours, at other values
  OtherColours,  ///< colours that are not the classes'
};

struct PaletteReading {
  PaletteSays says = PaletteSays::Nothing;
  LabelTable table{};    ///< the one to go by: by_value, or in another order by colour
  std::string detail{};  ///< OtherOrder: the classes in the palette's order; OtherColours: what does not fit
  bool is_rgb = false;   ///< as the palette's
};

/// Holds a palette against the colours of `classes`, where `by_value` is what values mean without it. Only values in `used` count.
PaletteReading hold_palette(const Palette& palette, const UsedValues& used, const core::ClassScheme& classes, const LabelTable& by_value);

/// What palettes said of many rasters, to be told in one line each.
class PaletteTally {
 public:
  void add(const std::string& file, const PaletteReading& reading);
  /// `values` says what values mean where colours do not count, e.g. "0… classes, then background".
  void tell(const std::string& values, core::ProgressObserver& observer) const;

 private:
  struct Kind {
    std::int64_t count = 0;
    std::string file, detail;  ///< of the first
    bool alike = true;         ///< the detail is the same in all
  };
  static void add(Kind& kind, const std::string& file, const std::string& detail);
  Kind rgb_, order_, colours_;
};

}  // namespace wsi_lpd::pipeline::training
