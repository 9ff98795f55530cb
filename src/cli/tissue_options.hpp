#pragma once
#include <string>

#include "command.hpp"

namespace wsi_lpd::cli {

/// --tissue and --region of every command that takes slides.
inline void add_tissue_options(CLI::App& command, std::string& tissue, std::string& region) {
  command.add_option("--tissue", tissue,
                     "auto finds tissue, none takes everything, FILE is taken as it is: a mask image, tissue where it is neither 0 nor "
                     "transparent, or GeoJSON as "
                     "QuPath exports it; e.g. --tissue mask.png");
  command.add_option("--region", region,
                     "FILE, a mask image or GeoJSON: of the tissue, only what lies in it; default: all; e.g. --region tumour.geojson");
}

}  // namespace wsi_lpd::cli
