#include "file_kind.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::image {

FileKind kind_of(const std::filesystem::path& path) {
  const auto fail = [&](const std::string& why) -> core::Error { return core::Error("reading " + path.string() + ": " + why); };
  if (std::filesystem::is_directory(path)) throw fail("is a folder, not an image");
  if (std::filesystem::exists(path) && !std::filesystem::is_regular_file(path)) throw fail("is no regular file");
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw fail(std::strerror(errno));
  std::string start(4, '\0');
  stream.read(start.data(), 4);
  if (start == "\x89PNG") return FileKind::Png;
  if (start.starts_with("\xff\xd8\xff")) return FileKind::Jpeg;
  const std::string order = start.substr(0, 2);
  const int version = order == "II" ? start[2] + 256 * start[3] : order == "MM" ? start[3] + 256 * start[2] : 0;
  if (version == 42 || version == 43) return FileKind::Tiff;
  throw fail(stream.gcount() == 0 ? "is empty" : "is not a PNG, JPEG or TIFF image");
}

}  // namespace wsi_lpd::image
