#include "wsi_lpd/slide/archive_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <string_view>

#include "openslide_handle.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file_names.hpp"
#include "wsi_lpd/image/pyramid_file.hpp"
#include "wsi_lpd/slide/open.hpp"

namespace wsi_lpd::slide {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNewerOpenSlide = "which newer versions of OpenSlide read";
constexpr const char* kConvert = "which nothing here reads: convert it to OME-TIFF or tiled TIFF";

/// Endings of whole slide images, and what is said of a file that no reader here knows.
const std::map<std::string, std::string>& slide_endings() {
  const std::string plain;
  const auto newer = [](const std::string& name) { return name + ", " + kNewerOpenSlide + " (here: " + library_version() + ")"; };
  const auto unknown = [](const std::string& name) { return name + ", " + kConvert; };
  static const std::string dicom = is_openslide_3() ? newer("DICOM") : "no DICOM whole slide image (VL Whole Slide Microscopy)";
  static const std::map<std::string, std::string> endings{{".svs", plain},
                                                          {".tif", plain},
                                                          {".tiff", plain},
                                                          {".btf", plain},
                                                          {".tf2", plain},
                                                          {".tf8", plain},
                                                          {".ndpi", plain},
                                                          {".vms", plain},
                                                          {".vmu", plain},
                                                          {".scn", plain},
                                                          {".mrxs", plain},
                                                          {".svslide", plain},
                                                          {".bif", plain},
                                                          {".qptiff", plain},
                                                          {".dcm", dicom},
                                                          {".dicom", dicom},
                                                          {".czi", newer("Zeiss CZI")},
                                                          {".isyntax", unknown("Philips iSyntax")},
                                                          {".i2syntax", unknown("Philips iSyntax")},
                                                          {".vsi", unknown("Olympus VSI")},
                                                          {".oir", unknown("Olympus OIR")},
                                                          {".lif", unknown("Leica LIF")},
                                                          {".nd2", unknown("Nikon ND2")},
                                                          {".zvi", unknown("Zeiss ZVI")},
                                                          {".kfb", unknown("KFBio KFB")},
                                                          {".sdpc", unknown("TEKSQRAY SDPC")},
                                                          {".tmap", unknown("UNIC TMAP")},
                                                          {".mds", unknown("Motic MDS")},
                                                          {".jp2", unknown("JPEG 2000")},
                                                          {".zarr", unknown("OME-Zarr")}};
  return endings;
}

std::string first_bytes(const fs::path& path) {
  std::string bytes(4096, '\0');
  std::ifstream stream(path, std::ios::binary);
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  return bytes;
}

bool is_web_page(std::string start) {
  std::ranges::transform(start, start.begin(), [](unsigned char letter) { return std::tolower(letter); });
  const std::size_t first = start.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return first != std::string::npos && (start.compare(first, 14, "<!doctype html") == 0 || start.compare(first, 5, "<html") == 0);
}

std::string why_not_by_content(const fs::path& path) {
  const std::string start = first_bytes(path);
  if (start.empty()) return "is empty";
  if (std::ranges::all_of(start, [](char byte) { return byte == 0; }))
    return "begins with nothing but zeros: its copy broke off or its disk failed; copy it again";
  if (is_web_page(start)) return "is a web page, not a slide: its download failed; fetch it again";
  const std::string ending = core::lower_ending(path);
  if (ending == ".mrxs") {
    return "is a MIRAX slide without its data: the folder " + path.stem().string() + " with Slidedat.ini is not beside it";
  }
  const auto known = slide_endings().find(ending);
  if (known == slide_endings().end()) return {};
  if (!known->second.empty()) return "is " + known->second;
  const auto format = image::image_format(path);
  if (format == image::ImageKind::Format::Jpeg || format == image::ImageKind::Format::Png) {
    const std::string name = format == image::ImageKind::Format::Jpeg ? "JPEG" : "PNG";
    return "is a " + name + " image under the ending " + ending + ": if it is the slide, rename it";
  }
  return {};
}

bool is_dicom(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  std::array<char, 4> mark{};
  std::ifstream(path, std::ios::binary).seekg(128).read(mark.data(), mark.size());
  return std::string_view(mark.data(), mark.size()) == "DICM";
}

}  // namespace

std::string why_no_slide(const fs::path& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (!fs::exists(status) && fs::is_symlink(fs::symlink_status(path, ignored))) return core::text_of_missing_target(path);
  if (::access(path.c_str(), fs::is_directory(status) ? R_OK | X_OK : R_OK) != 0) return std::strerror(errno);
  if (fs::is_directory(status)) {
    const auto known = slide_endings().find(core::lower_ending(path));
    if (known != slide_endings().end() && !known->second.empty()) return "is " + known->second;
    return "is a folder; a slide file is wanted (for a folder of slides: wsi-lpd batch)";
  }
  if (!fs::is_regular_file(status)) return "is no regular file";
  return openslide_vendor(path).empty() ? why_not_by_content(path) : std::string();
}

std::string left_out_as(const fs::path& path) {
  if (path.filename().string().starts_with('.')) return "hidden";
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status)) return "special file";
  if (is_slide(path)) return {};
  const std::string ending = core::lower_ending(path);
  if (!slide_endings().contains(ending)) return ending.empty() ? "file without ending" : ending;
  return is_label_image(path) ? "mask or label image" : "";
}

bool is_label_image(const fs::path& path) {
  const std::string ending = core::lower_ending(path);
  if (ending != ".tif" && ending != ".tiff" && ending != ".btf") return false;
  const auto kind = image::image_kind(path);
  return kind && kind->format == image::ImageKind::Format::Tiff && !kind->is_damaged && !is_slide(path);
}

bool is_slide(const std::filesystem::path& path) {
  const std::string vendor = openslide_vendor(path);
  if (!vendor.empty() && vendor != kGenericTiff) return true;
  const auto kind = image::image_kind(path);
  return kind && (kind->format == image::ImageKind::Format::Vips || (kind->format == image::ImageKind::Format::Tiff && kind->colour));
}

std::string format_of(const fs::path& path) {
  const std::string vendor = openslide_vendor(path);
  return vendor.empty() && image::image_format(path) ? "image" : vendor;
}

std::optional<std::string> series(const std::filesystem::path& path) {
  if (is_openslide_3()) return is_dicom(path) ? std::optional(path.parent_path().string()) : std::nullopt;
  if (openslide_vendor(path) != "dicom") return {};
  try {
    return text_property(open_handle(path).get(), "dicom.SeriesInstanceUID");
  } catch (const core::Error&) {
    return {};  // what is wrong with it is told when it is to be read
  }
}

}  // namespace wsi_lpd::slide
