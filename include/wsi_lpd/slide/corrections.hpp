#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

namespace wsi_lpd::slide {

struct WrittenCorrections {
  std::size_t exported = 0;  ///< regions of the result
  std::size_t kept = 0;      ///< features of a person
};

/// Writes the regions of a result's slide.geojson to `file`, for a person to correct in QuPath: corners on quarters of a level-0 pixel, the
/// mark (core::region_mark) as id. Holes and regions that have no area left are left out. If `file` exists, a person's features in it
/// (RegionChoice::Changed, points and lines among them) stay as they are and get QuPath's lock; the regions that they were made from are
/// not exported again; all else in it is replaced. Throws Error with the file and the reason: one of them is not GeoJSON, `file` has
/// regions of segment without a mark, it can't be written; then `file` is as it was. Thread-safe.
WrittenCorrections write_corrections(const std::filesystem::path& regions, const std::filesystem::path& file);

/// Whose the regions of a GeoJSON file are, points and lines left out.
struct RegionOrigins {
  std::size_t drawn = 0;                       ///< a person's, new
  std::size_t changed = 0;                     ///< a person's, made from one that was exported for correction
  std::size_t confirmed = 0;                   ///< a person's, locked or of the class "Ignore*", as the program made them
  std::size_t exported = 0;                    ///< the program's, as they were exported
  std::size_t unmarked = 0;                    ///< the program's, never exported: what a person changed in them can't be told
  std::map<std::string, std::size_t> persons;  ///< a person's by class; "" without one
  RegionOrigins& operator+=(const RegionOrigins& other);
};
/// Throws Error with the file and the reason: it is not GeoJSON. Thread-safe.
RegionOrigins count_origins(const std::filesystem::path& path);

}  // namespace wsi_lpd::slide
