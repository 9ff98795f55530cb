#pragma once
// Private to src/slide: OpenSlide's own objects.
#include <openslide/openslide.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace wsi_lpd::slide {

using Handle = std::shared_ptr<openslide_t>;

/// A fresh handle; throws Error with OpenSlide's own reason.
Handle open_handle(const std::filesystem::path& path);

/// A property of the slide; nothing where the slide does not have it, or it is no finite number.
std::optional<std::string> text_property(openslide_t* slide, const char* name);
std::optional<double> number_property(openslide_t* slide, const char* name);

bool is_openslide_3();

/// openslide_vendor() of a TIFF in tiles that no scanner's driver claims.
inline constexpr const char* kGenericTiff = "generic-tiff";

/// OpenSlide's name of a file's format, empty where it knows none.
std::string openslide_vendor(const std::filesystem::path& path);

}  // namespace wsi_lpd::slide
