#pragma once
#include <exception>
#include <filesystem>
#include <string>

namespace wsi_lpd::core {

/// What an exception says, in one line as of Error: for an error of the file system which file and why, without the words of the library.
inline std::string exception_text(const std::exception& exception) {
  const auto* error = dynamic_cast<const std::filesystem::filesystem_error*>(&exception);
  if (!error) return exception.what();
  const std::filesystem::path& file = error->path2().empty() ? error->path1() : error->path2();  // where it was to be
  return file.string() + ": " + error->code().message();
}

}  // namespace wsi_lpd::core
