// Regions: masks lie within the slide and hold 0 and 1; rows of labels hold classes, and are the same for both ways to read a file.
#include "wsi_lpd/slide/corrections.hpp"
#include "wsi_lpd/slide/region_file.hpp"
#include "wsi_lpd/slide/region_labels.hpp"

#include "fuzz.hpp"

using namespace wsi_lpd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::filesystem::path file = fuzz::file_of(bytes, size, "regions.geojson");
  slide::Properties slide;
  slide.bounds = {7, -3, 120, 90};
  core::TissueMask tissue;
  std::vector<std::string> warnings;
  if (fuzz::accepts([&] { tissue = slide::tissue_from_regions(file, slide, &warnings); })) {
    const core::Rect inside = core::intersection(tissue.area, slide.bounds);
    fuzz::check(!tissue.area.empty() && inside == tissue.area, "a mask that reaches beyond the slide");
    fuzz::check(!tissue.mask.empty() && tissue.mask.width() <= tissue.area.width && tissue.mask.height() <= tissue.area.height,
                "a mask finer than the slide");
    const std::uint8_t* pixels = tissue.mask.data();
    fuzz::check(std::all_of(pixels, pixels + tissue.mask.bytes(), [](std::uint8_t value) { return value <= 1; }),
                "a mask with another value");
    for (const std::string& line : warnings) fuzz::check_line(line);
  }
  for (const slide::RegionChoice choice : {slide::RegionChoice::All, slide::RegionChoice::Changed}) {
    fuzz::accepts([&] {
      slide::RegionLabels labels(file, {{"Tumor", "Stroma"}, {"Back"}}, slide::RegionLabels::kLeftOut, choice);
      for (const std::string& line : labels.warnings()) fuzz::check_line(line);
      fuzz::check(labels.regions() > 0 || labels.box().empty(), "a box of no region");
      std::vector<std::uint8_t> row(60);
      for (int y = 0; y < 45; ++y) {
        labels.read_row(2.0 * y + 1, 1, 2, row);
        const bool known = std::all_of(row.begin(), row.end(), [](std::uint8_t value) { return value <= 2 || value == 255; });
        fuzz::check(known, "a label of no class");
      }
    });
  }
  const std::filesystem::path exported = file.parent_path() / "exported.geojson";
  std::filesystem::remove(exported);
  slide::WrittenCorrections once;
  if (fuzz::accepts([&] { once = slide::write_corrections(file, exported); })) {
    slide::WrittenCorrections twice;
    fuzz::must_accept("what was exported", [&] { twice = slide::write_corrections(file, exported); });
    fuzz::check(once.kept == 0 && twice.exported + twice.kept == once.exported, "regions that are gone, or there twice");
    fuzz::accepts([&] { slide::write_corrections(exported, file); });
  }
  return 0;
}
