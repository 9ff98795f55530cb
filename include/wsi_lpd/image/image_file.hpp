#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/image.hpp"

// Whole pictures in and out of files. Every function here is thread-safe, throws Error with the path and the reason, and writes through a
// PartFile. The first call starts libvips for the whole process (image/library.hpp).
namespace wsi_lpd::image {

/// Decodes a PNG, JPEG or TIFF to RGB; grey becomes RGB, alpha is laid over white, 16 bit is reduced. A truncated file is an error.
core::Image read_rgb(const std::filesystem::path& path);
/// The same, made smaller so that the longer side has at most `longest` pixels. A JPEG is decoded no larger than necessary.
core::Image read_rgb_within(const std::filesystem::path& path, std::int64_t longest);
/// The size that the header says; decodes nothing.
core::Size read_size(const std::filesystem::path& path);

void write_png(const std::filesystem::path& path, const core::Image& image, core::Durable durable = core::Durable::Yes);
void write_jpeg(const std::filesystem::path& path, const core::Image& image, int quality = 90, core::Durable durable = core::Durable::Yes);
/// The bytes of a PNG file, 1 channel (grey) or 3 (RGB).
std::vector<std::uint8_t> encode_png(const core::Image& image);
}  // namespace wsi_lpd::image
