#pragma once
#include <filesystem>
#include <string>

namespace wsi_lpd::slide {

/// Why what is at `path` can't be a slide, as the end of a sentence: a link whose target is missing, a folder, no rights, an empty file,
/// zeros, a web page, a picture under a scanner's ending, MIRAX without its folder, a format that nothing here reads. Empty where a reader
/// may know it. Reads the file's first bytes. Thread-safe.
std::string why_no_slide(const std::filesystem::path& path);

/// As what kind of file a search through an archive leaves out the file at `path`: "hidden", "mask or label image", "special file", or its
/// ending (".png"). Empty where the file is to be attempted: a slide by its header (is_slide()), or one by its ending, which fails with a
/// reason where it can't be read. Thread-safe.
std::string left_out_as(const std::filesystem::path& path);

}  // namespace wsi_lpd::slide
