#include "wsi_lpd/core/file_names.hpp"

#include <algorithm>
#include <cctype>

namespace wsi_lpd::core {

std::string lower_ending(const std::filesystem::path& file) {
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return ending;
}

std::string text_of_missing_target(const std::filesystem::path& link) {
  std::error_code ignored;
  return "is a link to " + std::filesystem::read_symlink(link, ignored).string() + ", which is not there";
}

}  // namespace wsi_lpd::core
