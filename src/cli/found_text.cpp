#include "found_text.hpp"

#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::cli {

void tell_what_was_found(const pipeline::archive::FoundSlides& found, const Context& context) {
  const bool verbose = context.common.verbose;
  std::vector<std::string> notes = verbose ? found.notes : core::first_lines(found.notes);
  if (!verbose && found.notes.size() > core::kMostLines) notes.back() += " (--verbose lists them)";
  for (const std::string& note : notes) context.observer.info(note);
  if (found.left_out.empty()) return;
  context.observer.info("left out: " + left_out_text(found) + (verbose ? "" : " (--verbose lists them)"));
  if (!verbose) return;
  for (const auto& [kind, files] : found.left_out) {
    for (const std::filesystem::path& file : files) context.observer.info("left out (" + kind + "): " + file.string());
  }
}

}  // namespace wsi_lpd::cli
