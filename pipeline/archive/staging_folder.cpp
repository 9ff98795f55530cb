#include "staging_folder.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;
namespace {

constexpr const char* kName = ".wsi-lpd-stage";  // hidden: no search through an archive goes into it

fs::path lock_of(const fs::path& folder) { return fs::path(folder) += ".lock"; }

/// A process makes its lock before its folder, and removes it after that: a folder without a lock has no process.
void remove_leftovers(const fs::path& dir) {
  std::set<fs::path> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir)) {
    const fs::path& path = entry.path();
    const fs::path folder = path.extension() == ".lock" ? fs::path(path).replace_extension() : path;
    if (core::is_part_of(folder, dir / kName)) folders.insert(folder);
  }
  for (const fs::path& folder : folders) {
    try {
      const core::WorkLock::Attempt attempt = core::WorkLock::try_to_take(lock_of(folder));
      std::error_code ignored;
      if (attempt.lock) fs::remove_all(folder, ignored);
    } catch (const core::Error&) {  // another user's
    }
  }
}

}  // namespace

StagingFolder::StagingFolder(const fs::path& dir) {
  const auto refuse = [&](const std::string& why) {
    throw core::UsageError("--stage " + dir.string() + ": " + why + "; name a folder on a local disk that can be written");
  };
  try {
    fs::create_directories(dir);
    remove_leftovers(dir);
    path_ = core::part_path(dir / kName);
    lock_ = core::WorkLock::take(lock_of(path_));
  } catch (const fs::filesystem_error& error) {
    refuse(error.code().message());
  } catch (const core::Error& error) {
    refuse(error.what());
  }
  if (mkdir(path_.c_str(), S_IRWXU) != 0) refuse(std::strerror(errno));
}

StagingFolder::~StagingFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace wsi_lpd::pipeline::archive
