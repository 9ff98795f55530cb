#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace wsi_lpd::output {

struct Hdf5Dataset {
  std::string name;  ///< path within the file, without the first /: "tiles/scores"
  std::vector<std::uint64_t> shape;
  std::string type;  ///< "float32", "int64", "uint8", "text" or "other"
};

/// What an HDF5 file holds, whoever wrote it.
struct Hdf5Summary {
  std::vector<Hdf5Dataset> datasets;              ///< by name
  std::map<std::string, std::string> attributes;  ///< of the root that are one text each: provenance, where segment wrote the file
};

/// Reads names and shapes, no values. Thread-safe: HDF5 is not, so calls wait for the one lock that all uses of HDF5 in this process share.
/// Throws Error (file, reason): no HDF5, damaged.
Hdf5Summary summarise_hdf5(const std::filesystem::path& path);

}  // namespace wsi_lpd::output
