#pragma once
#include <filesystem>
#include <string>

#include "command.hpp"

namespace wsi_lpd::cli {

/// --tissue and --region of every command that takes slides. A file that is not there is wrong for all slides, so none is started.
inline void add_tissue_options(CLI::App& command, std::string& tissue, std::string& region) {
  const auto is_there = [](const std::string& file) {
    const bool is_word = file.empty() || file == "auto" || file == "none";
    return is_word || std::filesystem::exists(file) ? std::string() : file + ": no such file";
  };
  command
      .add_option("--tissue", tissue,
                  "auto finds tissue, none takes everything, FILE is taken as it is: a mask image, tissue where it is neither 0 nor "
                  "transparent, or GeoJSON as "
                  "QuPath exports it; e.g. --tissue mask.png")
      ->check(is_there);
  command
      .add_option("--region", region,
                  "FILE, a mask image or GeoJSON: of the tissue, only what lies in it; default: all; e.g. --region tumour.geojson")
      ->check(is_there);
}

}  // namespace wsi_lpd::cli
