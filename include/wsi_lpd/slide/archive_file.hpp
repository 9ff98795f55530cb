#pragma once
#include <filesystem>
#include <optional>
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

/// Is the file a TIFF in grey or with a colour map, by its ending and its header? Such files are masks and label images. Thread-safe.
bool is_label_image(const std::filesystem::path& path);

/// Does the file's header make it a slide, whatever its name: a scanner's format, a TIFF in colour, or VIPS? A PNG, a JPEG and a TIFF in
/// grey or with a colour map are none, although open() reads them: in folders they are patches, pictures, masks and results. Thread-safe.
bool is_slide(const std::filesystem::path& path);

/// OpenSlide's name of the file's format ("aperio", "mirax"), "image" where libtiff or libvips reads it, empty where nothing here does.
/// Thread-safe.
std::string format_of(const std::filesystem::path& path);

/// A text that all files of one DICOM series have in common; each of them opens the whole slide. With OpenSlide 4 it is the series' UID.
/// With OpenSlide 3, which can't read DICOM, it is the folder, so that a series fails once. Nothing for other slides. Thread-safe.
std::optional<std::string> series(const std::filesystem::path& path);

}  // namespace wsi_lpd::slide
