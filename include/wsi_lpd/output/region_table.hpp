#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::output {

/// The name of a table of regions: NAME.regions.csv of one slide, this alone of a folder of results.
inline constexpr const char* kRegionTable = "regions.csv";
/// That of the slide whose results are STEM.*.
inline std::filesystem::path region_table_of(const std::filesystem::path& stem) { return stem.string() + "." + kRegionTable; }

/// What an area is made of, in output pixels.
struct Composition {
  std::int64_t pixels = 0;            ///< of the area
  std::int64_t unreadable = 0;        ///< of these
  std::vector<std::int64_t> classes;  ///< of these, by class
};

/// A part of a region, or what lies along its border.
struct RegionPart {
  std::string name;  ///< unique in its region: "band TUM 0..500", "margin 0..500", "square 3 2"
  Composition composition;
};

/// How far the pixels of one class are from the border of another.
struct ClassDistance {
  static constexpr std::array kShares{0.05, 0.25, 0.5, 0.75, 0.95};
  std::size_t from = 0, to = 0;                                 ///< classes
  double maximum = 0;                                           ///< µm
  std::int64_t pixels = 0, beyond = 0;                          ///< output pixels of `from`; those at `maximum` or farther
  std::optional<double> mean;                                   ///< µm, of those that are not beyond
  std::array<std::optional<double>, kShares.size()> quantiles;  ///< µm, of all pixels; nothing where a quantile is beyond
};

/// The square with the largest share of a class.
struct HotSpot {
  std::size_t of = 0;                ///< class
  std::int64_t column = 0, row = 0;  ///< in the grid, from 1
  std::int64_t side = 0;             ///< output pixels
  double share = 0;                  ///< of the pixels with a class
};

/// What was measured in a region of a slide.
struct RegionStatistics {
  std::size_t number = 0;            ///< of the region in its file, from 1; 0 for the whole slide
  std::string id, name, class_name;  ///< the region's own, as its file has them
  std::int64_t pixels = 0;           ///< output pixels of the region that lie on the slide
  /// Of the slide frame, classes and µm/px; of the region what follows from its labels: `tissue_pixels` with a class or unreadable,
  /// `unreadable_pixels`, `per_class`, `interfaces`, `squares`, `mean_entropy`. The rest is empty.
  SlideStatistics figures;
  std::vector<ClassDistance> distances{};
  std::optional<HotSpot> hot_spot{};
  std::vector<RegionPart> parts{};
};

/// The head of a table in long form, and the lines of one slide's regions in their order: a line for each figure of each region and of each
/// of its parts ("1 band TUM 0..500"), or for each figure of a class, of two classes ("STR|TUM"), or from one to another ("LYM:TUM") in it.
/// Figures that do not exist have no line. docs/measure.md defines them. Thread-safe.
std::string region_table_header();
std::string region_table_lines(const std::string& slide, const std::vector<RegionStatistics>& regions);

/// RegionPart::name of what lies between two distances in µm from the border of a class, or of the region itself where `of` is empty.
std::string band_name(const std::string& of, double from, double to);

/// What a table says of an area.
struct MeasuredArea {
  double area = 0;  ///< in `unit`: "mm2" or, where µm/px is unknown, "px"
  std::string unit;
  std::map<std::string, double> shares;  ///< class to its share of the pixels with a class; empty where none has one
};
/// Distances in µm from the border of class `of`, or of the region itself where that is empty.
struct MeasuredBand {
  std::string of;
  double from = 0, to = 0;
  MeasuredArea area;
};
/// Left and upper edge and side in level-0 pixels from the top left of the slide's bounds.
struct MeasuredSpot {
  std::string of;
  double x = 0, y = 0, side = 0, share = 0;
};
/// Distances of one class from another ("LYM:TUM"), in µm; values that do not exist are not there.
struct MeasuredDistance {
  std::string of;
  std::optional<double> maximum{}, beyond{}, mean{};
  std::array<std::optional<double>, ClassDistance::kShares.size()> quantiles{};
};
/// A square of a grid, from 1, and the share of the hot spot's class among its pixels with a class.
struct MeasuredSquare {
  std::int64_t column = 0, row = 0;
  double share = 0;
};
struct MeasuredRegion {
  std::size_t number = 0;  ///< as RegionStatistics::number
  std::string name, class_name;
  MeasuredArea whole;
  std::optional<MeasuredSpot> hot_spot{};
  std::vector<MeasuredBand> bands{};
  std::vector<MeasuredDistance> distances{};
  std::vector<MeasuredSquare> squares{};  ///< where there is a hot spot
};

/// The regions of each slide (core::utf8_of_bytes of its path) in a table that region_table_header() and region_table_lines() made. The
/// file is read piece by piece: memory grows with the number of regions, bands and squares alone. Thread-safe. Throws Error (the file and
/// the reason): it can't be read, or is no such table.
std::map<std::string, std::vector<MeasuredRegion>> read_region_table(const std::filesystem::path& path);

}  // namespace wsi_lpd::output
