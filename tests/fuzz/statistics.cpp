// slide.json: what is read and possible is written, and reads as the same again.
#include "wsi_lpd/output/statistics_file.hpp"

#include <cmath>

#include "fuzz.hpp"
#include "wsi_lpd/core/file.hpp"

using namespace wsi_lpd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::filesystem::path file = fuzz::file_of(bytes, size, "slide.json"), copy = fuzz::scratch_folder() / "copy.json";
  output::SlideStatistics statistics;
  const bool possible = fuzz::accepts([&] {
    statistics = output::read_statistics(file).value();
    output::validate(statistics);
  });
  if (!possible) return 0;
  for (const output::TissueShare& share : output::tissue_shares(statistics)) fuzz::check(std::isfinite(share.share), "a share of nothing");
  fuzz::must_accept("what was read", [&] { output::write_statistics(copy, statistics); });
  const std::string once = core::read_text_file(copy);
  fuzz::must_accept("what was written", [&] {
    output::SlideStatistics again = output::read_statistics(copy).value();
    output::validate(again);
    output::write_statistics(copy, again);
  });
  fuzz::check(core::read_text_file(copy) == once, "another text when written again");
  return 0;
}
