#include "wsi_lpd/slide/open.hpp"

#include "image_reader.hpp"
#include "openslide_handle.hpp"
#include "openslide_reader.hpp"
#include "wsi_lpd/image/pyramid_file.hpp"
#include "wsi_lpd/slide/archive_file.hpp"

namespace wsi_lpd::slide {
std::unique_ptr<Reader> open(const std::filesystem::path& path, const OpenOptions& options) {
  if (const std::string why = why_no_slide(path); !why.empty()) throw core::Error(path.string() + ": " + why);
  const std::string vendor = openslide_vendor(path);
  if (!vendor.empty() && vendor != kGenericTiff) return open_with_openslide(path, options);
  const auto kind = image::image_kind(path);
  if (!kind) return open_with_openslide(path, options);
  if (kind->is_aperio)
    throw core::Error(path.string() +
                      ": is an Aperio slide that OpenSlide does not know as one: its tags are damaged; get a new copy of it");
  if (vendor.empty() || kind->only_here || kind->is_damaged) return open_image(path, options);
  try {
    return open_with_openslide(path, options);
  } catch (const core::UsageError&) {
    throw;
  } catch (const core::Error&) {
    try {
      return open_image(path, options);
    } catch (const core::Error&) {  // what OpenSlide says of it is told below
    }
    throw;
  }
}

std::string library_version() { return std::string("OpenSlide ") + openslide_get_version(); }

}  // namespace wsi_lpd::slide
