#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "wsi_lpd/core/work_lock.hpp"

namespace wsi_lpd::pipeline::review {

/// Makes `folder` the folder of pages of one kind ("report", "study"), marks it (output::kReportMark) and removes its index.html, which is
/// written last. Only a folder that is new, empty or of that kind is touched, by one process at a time: as long as the lock lives. Throws
/// UsageError: other files are there, or another process is at work.
std::unique_ptr<core::WorkLock> take_page_folder(const std::filesystem::path& folder, const std::string& kind);

}  // namespace wsi_lpd::pipeline::review
