#pragma once
#include <filesystem>
#include <optional>
#include <vector>

namespace wsi_lpd::pipeline::archive {

/// The files that a slide consists of, itself first; all lie in its folder or below. MIRAX: the folder beside it; VSI: the folder _NAME_;
/// VMS and VMU: the files that it names; DICOM: the files of its series. Nothing where the files of its format aren't known. Reads headers
/// and folders, and opens the DICOM files of the folder. Errors are left to whoever reads the files. Thread-safe.
std::optional<std::vector<std::filesystem::path>> parts_of_slide(const std::filesystem::path& slide);

}  // namespace wsi_lpd::pipeline::archive
