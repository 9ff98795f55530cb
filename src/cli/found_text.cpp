#include "found_text.hpp"

#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::cli {

void tell_what_was_found(const pipeline::FoundSlides& found, const Context& context) {
  const bool verbose = context.common.verbose;
  for (const std::string& line : verbose ? found.notes : first_lines(found.notes)) context.observer.info(line);
  if (found.left_out.empty()) return;
  context.observer.info("left out: " + left_out_text(found) + (verbose ? "" : " (--verbose lists them)"));
  if (!verbose) return;
  for (const auto& [kind, files] : found.left_out) {
    for (const std::filesystem::path& file : files) context.observer.info("left out (" + kind + "): " + file.string());
  }
}

}  // namespace wsi_lpd::cli
