#pragma once
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>

namespace wsi_lpd::core {

/// Whether memory ran out: std::bad_alloc, or the exception that LibTorch has of its own for that. Thread-safe.
inline bool is_out_of_memory(const std::exception& exception) {
  const std::string_view text = exception.what();
  return dynamic_cast<const std::bad_alloc*>(&exception) || text.find("DefaultCPUAllocator") != text.npos ||
         text.find("out of memory") != text.npos;
}

/// The first line of what an exception says (a stack follows it in those of LibTorch), without the name that a JSON exception begins with;
/// for an error of the file system which file and why, without the words of the library. Thread-safe.
inline std::string exception_text(const std::exception& exception) {
  const auto* error = dynamic_cast<const std::filesystem::filesystem_error*>(&exception);
  if (!error) {
    const std::string text = exception.what();
    const std::size_t begin = text.starts_with("[json.exception.") ? text.find("] ") + 2 : 0;
    return text.substr(begin, text.find('\n') - begin);
  }
  const std::filesystem::path& file = error->path2().empty() ? error->path1() : error->path2();  // where it was to be
  return file.string() + ": " + error->code().message();
}

}  // namespace wsi_lpd::core
