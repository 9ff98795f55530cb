#pragma once
// Private to src/image.
#include <filesystem>

namespace wsi_lpd::image {

enum class FileKind { Png, Jpeg, Tiff };

/// What a file is by its first bytes, never by its name. Throws Error when it is none of them or cannot be read.
FileKind kind_of(const std::filesystem::path& path);

}  // namespace wsi_lpd::image
