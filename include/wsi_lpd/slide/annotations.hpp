#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::slide {

/// A region that a person has drawn on a slide.
struct Annotation {
  std::size_t number = 0;               ///< of its feature in the file, from 1
  std::string id, name, class_name;     ///< QuPath's UUID, its name, its class ("Tumor: Positive"); empty where there is none
  std::vector<core::Polygon> polygons;  ///< at least one; level-0 pixels from the top left of the slide's bounds
};

struct Annotations {
  std::vector<Annotation> regions;      ///< at least one, in the file's order
  std::vector<core::Polygon> ignored;   ///< of QuPath's class "Ignore*": to be left out of all regions
  std::vector<std::string> warnings{};  ///< one line each: what was left out of the file
};

/// The regions of a GeoJSON file, of the kinds and with the coordinates that tissue_from_regions takes. Cores of a tissue microarray are
/// regions with a name. Thread-safe. Throws Error with the file, the feature (counted from 1) and the reason: not JSON, not GeoJSON, no
/// region.
Annotations read_annotations(const std::filesystem::path& path);

}  // namespace wsi_lpd::slide
