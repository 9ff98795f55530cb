#include "found_text.hpp"

namespace wsi_lpd::cli {

void tell_what_was_found(const pipeline::FoundSlides& found, const Context& context) {
  constexpr std::size_t kMost = 10;
  for (std::size_t i = 0; i < found.notes.size(); ++i) {
    if (i == kMost && !context.common.verbose) {
      context.observer.info("and " + std::to_string(found.notes.size() - kMost) + " more like this (--verbose lists them)");
      break;
    }
    context.observer.info(found.notes[i]);
  }
  if (found.left_out.empty()) return;
  context.observer.info("left out: " + left_out_text(found) + (context.common.verbose ? "" : " (--verbose lists them)"));
  if (!context.common.verbose) return;
  for (const auto& [kind, files] : found.left_out) {
    for (const std::filesystem::path& file : files) context.observer.info("left out (" + kind + "): " + file.string());
  }
}

}  // namespace wsi_lpd::cli
