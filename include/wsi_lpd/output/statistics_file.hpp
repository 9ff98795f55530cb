#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::output {

// Every function here is thread-safe.

/// Writes `slide.json` through a PartFile (docs/outputs.md has the schema). Areas are in mm² where µm/px is known, else null. Throws Error
/// with the path and the reason; UsageError where the class scheme is invalid.
void write_statistics(const std::filesystem::path& path, const SlideStatistics& statistics);
/// Reads what write_statistics() wrote; nothing when the file is absent. Throws Error with the path and the reason when it is damaged.
/// Whether the figures are possible is validate()'s to say.
std::optional<SlideStatistics> read_statistics(const std::filesystem::path& path);

/// The JSON text of a stain record: `stain_normalisation` in slide.json, and the attribute of that name in the HDF5 file.
std::string json_text(const StainRecord& record);

}  // namespace wsi_lpd::output
