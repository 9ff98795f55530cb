#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/slide/corrections.hpp"

// What `info` says, for every kind of file and folder that the program reads or writes.
namespace wsi_lpd::cli {

using Json = nlohmann::ordered_json;

/// What is at `path`: "kind", and its main facts, about a screen of them. Throws Error: nothing is there, it is damaged, or nothing here
/// reads it. Throws Cancelled.
Json describe(const std::filesystem::path& path, const core::CancelFlag& cancel);

/// A folder: patches, results, a training run, a report, corrections, or an archive of slides.
Json describe_folder(const std::filesystem::path& path, const core::CancelFlag& cancel);

/// Whose the regions of a file of GeoJSON are: a person's, as `train --corrections` takes them, and the program's.
Json json_of(const slide::RegionOrigins& origins);

/// JSON, GeoJSON, tables, TOML, logs and lists, by their endings; null for other files.
Json describe_text(const std::filesystem::path& path);

}  // namespace wsi_lpd::cli
