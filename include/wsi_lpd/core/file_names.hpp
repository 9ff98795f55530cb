#pragma once
#include <filesystem>
#include <string>

namespace wsi_lpd::core {

/// The ending of a file's name with its dot, ASCII letters in lower case: ".svs"; empty where there is none.
std::string lower_ending(const std::filesystem::path& file);

/// "is a link to TARGET, which is not there": for a symbolic link whose target is missing. Thread-safe.
std::string text_of_missing_target(const std::filesystem::path& link);

}  // namespace wsi_lpd::core
