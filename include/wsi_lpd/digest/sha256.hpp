#pragma once
#include <filesystem>
#include <string>

namespace wsi_lpd::digest {

/// SHA-256 in lower-case hexadecimal, 64 letters. Thread-safe.
std::string sha256_of_text(const std::string& text);
/// The same of a file's bytes, read in pieces. Throws Error with the path and the reason.
std::string sha256_of_file(const std::filesystem::path& path);
/// The same of the first, middle and last 64 KiB of a file: cheap for a slide of gigabytes. Throws Error as sha256_of_file() does.
std::string sha256_of_sample(const std::filesystem::path& path);

}  // namespace wsi_lpd::digest
