#include "page_folder.hpp"

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::pipeline::review {

namespace fs = std::filesystem;

std::unique_ptr<core::WorkLock> take_page_folder(const fs::path& folder, const std::string& kind) {
  const std::string name = folder.string(), start = "A " + kind + " of wsi-lpd";
  if (fs::exists(folder) && !fs::is_directory(folder)) throw core::UsageError(name + ": is a file; choose another --output folder");
  const fs::path mark = folder / output::kReportMark;
  const bool is_ours = fs::exists(mark) && core::read_text_file(mark).starts_with(start);
  if (fs::exists(folder) && !fs::is_empty(folder) && !is_ours)
    throw core::UsageError(name + ": holds files that are not a " + kind + "'s; choose another --output folder");
  fs::create_directories(folder);
  core::write_text_file(mark, start + ". It is overwritten when it is made again.\n", core::Durable::No);
  core::WorkLock::Attempt attempt = core::WorkLock::try_to_take(folder / ".lock");
  if (!attempt.lock) throw core::UsageError(name + ": " + attempt.holder->text() + " is making a " + kind + " there");
  fs::remove(folder / "index.html");
  return std::move(attempt.lock);
}

}  // namespace wsi_lpd::pipeline::review
