// What a file of an archive is taken for: every answer is one line, and a slide by its header is no file that is left out.
#include "fuzz.hpp"
#include "wsi_lpd/slide/archive_file.hpp"

using namespace wsi_lpd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  constexpr const char* kEndings[] = {"", ".svs", ".tif", ".mrxs", ".ndpi", ".vms", ".dcm", ".png", ".vsi", ".bif"};
  fuzz::Numbers numbers(bytes, size);
  const std::string ending = kEndings[numbers.take<std::uint8_t>() % std::size(kEndings)];
  const std::size_t used = std::min<std::size_t>(size, 1);
  const std::filesystem::path path = fuzz::file_of(bytes + used, size - used, "file" + ending);
  fuzz::accepts([&] {
    const std::string why = slide::why_no_slide(path), kind = slide::left_out_as(path);
    for (const std::string& line : {why, kind}) {
      if (!line.empty()) fuzz::check_line(line);
    }
    if (slide::is_slide(path)) fuzz::check(kind.empty(), "a slide that is left out as " + kind);
    slide::series(path);
  });
  std::filesystem::remove(path);
  return 0;
}
