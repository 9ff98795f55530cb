#include "wsi_lpd/pipeline/segment/tissue_selection.hpp"

#include "wsi_lpd/image/mask_file.hpp"
#include "wsi_lpd/slide/region_file.hpp"
#include "wsi_lpd/slide/tissue.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

core::TissueMask read_tissue(const std::filesystem::path& path, const slide::Properties& slide, std::vector<std::string>& warnings) {
  return slide::is_region_file(path) ? slide::tissue_from_regions(path, slide, &warnings)
                                     : slide::tissue_from_image(image::read_mask(path, &warnings), slide);
}

/// Changes each part of a thumbnail that covers `bounds`, knowing whether its pixel has its centre inside of `mask`.
template <class Change>
void by_mask(core::Image& parts, const core::Rect& bounds, const core::TissueMask& mask, Change change) {
  const double step_x = static_cast<double>(bounds.width) / static_cast<double>(parts.width());
  const double step_y = static_cast<double>(bounds.height) / static_cast<double>(parts.height());
  for (std::int64_t y = 0; y < parts.height(); ++y) {
    for (std::int64_t x = 0; x < parts.width(); ++x) {
      const bool inside = mask.at(static_cast<double>(bounds.x) + (static_cast<double>(x) + 0.5) * step_x,
                                  static_cast<double>(bounds.y) + (static_cast<double>(y) + 0.5) * step_y);
      *parts.at(x, y) = static_cast<std::uint8_t>(change(static_cast<core::Part>(*parts.at(x, y)), inside));
    }
  }
}

}  // namespace

TissueSelection select_tissue(const slide::Reader& reader, const core::Image& thumbnail, const std::vector<core::Rect>& unreadable,
                              const std::string& tissue, const std::string& region, const TissueSearch& search) {
  const slide::Properties& slide = reader.properties();
  TissueSelection selection;
  if (tissue == "auto") {
    const double mpp = slide.mpp.value_or(0) * static_cast<double>(slide.bounds.width) / static_cast<double>(thumbnail.width());
    selection.parts = slide::find_parts(thumbnail, mpp, {.smallest_mm2 = search.min_tissue * 1e-6}, unreadable);
    selection.tissue = slide::tissue_of_parts(search.rim ? slide::with_rim(selection.parts) : selection.parts, slide.bounds);
  } else {
    selection.tissue =
        tissue == "none" ? core::TissueMask{core::Image(1, 1, 1, 1), slide.bounds} : read_tissue(tissue, slide, selection.warnings);
    selection.parts = core::Image(thumbnail.width(), thumbnail.height(), 1);
    by_mask(selection.parts, slide.bounds, selection.tissue,
            [](core::Part, bool inside) { return inside ? core::Part::Tissue : core::Part::Glass; });
  }
  if (!region.empty()) {
    const core::TissueMask wanted = read_tissue(region, slide, selection.warnings);
    selection.tissue = core::intersection(selection.tissue, wanted);
    by_mask(selection.parts, slide.bounds, wanted,
            [](core::Part part, bool inside) { return part == core::Part::Tissue && !inside ? core::Part::Outside : part; });
  }
  return selection;
}

}  // namespace wsi_lpd::pipeline::segment
