#pragma once
// What the fuzz targets share. A target is a function of some bytes; it ends the program where something does not hold.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "wsi_lpd/core/error.hpp"

/// The entry of a target: libFuzzer calls it with bytes that it made, replay.cpp with those of files.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace wsi_lpd::fuzz {

/// Ends the program where `holds` is false: a crash, whose input libFuzzer keeps.
inline void check(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", what.c_str());
  std::abort();
}

/// `text` must be one line for people that is not beyond all bounds, see core::one_line().
inline void check_line(const std::string& text) {
  check(!text.empty(), "a line that says nothing");
  check(text.size() <= core::kLongestLine, "a line of " + std::to_string(text.size()) + " bytes: " + text.substr(0, 200) + "...");
  const bool clean = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= ' ' && c != 127; });
  check(clean, "a line with control characters: " + text);
}

/// Runs `action`. It may throw Error with one line, and nothing else. Did it go through?
template <class Action>
bool accepts(Action&& action) {
  try {
    std::forward<Action>(action)();
    return true;
  } catch (const core::Error& error) {
    check_line(error.what());
  } catch (const std::exception& error) {
    check(false, std::string("an exception that is no core::Error: ") + error.what());
  }
  return false;
}

/// As accepts(), for what must go through; `what` says what that is.
template <class Action>
void must_accept(const std::string& what, Action&& action) {
  try {
    std::forward<Action>(action)();
  } catch (const std::exception& error) {
    check(false, what + " is refused: " + error.what());
  }
}

inline std::string text_of(const std::uint8_t* bytes, std::size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

/// A folder of this process, in memory where that can be: syncing a file costs nothing there. Removed at the end of the program.
inline const std::filesystem::path& scratch_folder() {
  struct Folder {
    std::filesystem::path path;
    Folder() {
      const bool in_memory = access("/dev/shm", W_OK | X_OK) == 0;
      std::string name = ((in_memory ? "/dev/shm" : std::filesystem::temp_directory_path()) / "wsi-lpd-fuzz-XXXXXX").string();
      path = mkdtemp(name.data());
    }
    ~Folder() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  static const Folder folder;
  return folder.path;
}

/// Writes the bytes as the file `name`, for readers that take a path.
inline std::filesystem::path file_of(std::string_view bytes, const std::string& name = "input") {
  const std::filesystem::path path = scratch_folder() / name;
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return path;
}
inline std::filesystem::path file_of(const std::uint8_t* bytes, std::size_t size, const std::string& name = "input") {
  return file_of(std::string_view(reinterpret_cast<const char*>(bytes), size), name);
}

/// Takes numbers from the front of the input; zeros follow its end.
class Numbers {
 public:
  Numbers(const std::uint8_t* bytes, std::size_t size) : bytes_(bytes), size_(size) {}
  template <class T>
  T take() {
    T value{};
    const std::size_t count = std::min(size_, sizeof value);
    if (count > 0) std::memcpy(&value, bytes_, count);
    bytes_ += count, size_ -= count;
    return value;
  }
  /// A whole number between `low` and `high`, both included.
  std::int64_t take(std::int64_t low, std::int64_t high) {
    const auto span = static_cast<std::uint64_t>(high - low) + 1;
    return low + static_cast<std::int64_t>(take<std::uint64_t>() % span);
  }

 private:
  const std::uint8_t* bytes_;
  std::size_t size_;
};

}  // namespace wsi_lpd::fuzz
