#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::slide {

/// Which regions of a file count.
enum class RegionChoice : bool {
  All,
  /// Those of a person: drawn or changed since `wsi-lpd correct` exported them, or locked in QuPath. They have not the id that
  /// core::region_mark gives to their class and geometry, or properties.isLocked is true. Those of the class "Ignore*" count, too.
  Changed
};

/// The names that regions may have.
struct RegionNames {
  std::vector<std::string> classes;
  std::vector<std::string> background;  ///< all mean the same
};

/// The regions of a GeoJSON file (as tissue_from_regions reads it) as a label raster, row by row: a class's index where a region of the
/// class with that name is, `names.classes.size()` in regions of the background's names and outside of all, kLeftOut in regions of QuPath's
/// class "Ignore*", which win over all others. Of two regions that overlap the smaller one counts, whatever their order in the file. A
/// pixel is inside where its centre is, by the even-odd rule. A class that QuPath derives from another, {"names": ["Tumor", "Positive"]} or
/// "Tumor: Positive", is the class of that whole name where there is one, else the one that it is derived from, "Tumor". Memory: the file's
/// points, whatever the raster's size. Not thread-safe.
class RegionLabels {
 public:
  static constexpr std::uint8_t kLeftOut = 255;

  /// `outside` is the value outside of all regions: names.classes.size() or kLeftOut. Throws Error: as tissue_from_regions, or a region
  /// without a class or of a class that is none of `names`. With RegionChoice::Changed a file may have no such region.
  /// Then it is an Error, too, that two regions of different classes have more than half of what they cover in common, or that regions
  /// which segment measured have no mark and no lock: of a slide.geojson, or of a QuPath before 0.4, which keeps no ids.
  RegionLabels(const std::filesystem::path& path, const RegionNames& names, std::uint8_t outside, RegionChoice regions = RegionChoice::All);
  RegionLabels(RegionLabels&&) noexcept;
  ~RegionLabels();

  /// One line each: what was left out of the file, which derived classes were taken for others.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// How many regions were taken, those of the class "Ignore*" among them, and how many were passed over by RegionChoice::Changed.
  std::size_t regions() const { return regions_; }
  std::size_t unchanged() const { return unchanged_; }
  /// The box of the regions that were taken, rounded outward: level-0 pixels from the top left of the slide's bounds, which it may exceed.
  /// Empty where there are none.
  core::Rect box() const { return box_; }
  /// One line each on regions that lie outside of a slide of `size` level-0 pixels, and on those of whose box more than a tenth does.
  std::vector<std::string> outside_of(const core::Size& size) const;

  /// One row of a raster on the slide: `y` is its pixels' centre, `x` that of the first of them, `pitch` the way to the next; level-0
  /// pixels from the top left of the slide's bounds. Rows must come from top to bottom.
  void read_row(double y, double x, double pitch, std::span<std::uint8_t> labels);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::vector<std::string> warnings_;
  std::size_t regions_ = 0, unchanged_ = 0;
  core::Rect box_;
};

/// What a training would say of a file of corrections.
struct CorrectionFindings {
  std::vector<std::string> refused;  ///< why it would refuse the file: RegionLabels with RegionChoice::Changed
  std::vector<std::string> ignored;  ///< what it would leave out: RegionLabels::warnings() and outside_of()
};
/// One line each, with the file's path. `size` is the slide's, in level-0 pixels. Throws Error: the file is not GeoJSON, or has regions of
/// segment without a mark. Thread-safe.
CorrectionFindings check_corrections(const std::filesystem::path& path, const RegionNames& names, const core::Size& size);

}  // namespace wsi_lpd::slide
