#include "wsi_lpd/output/uncertain_page.hpp"

#include <algorithm>

#include "html.hpp"
#include "number_text.hpp"
#include "report_page.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::output {
namespace {

constexpr const char* kStyle =
    "<style>.patches{display:flex;flex-wrap:wrap;gap:1rem;padding:0;list-style:none}.patches li{width:11rem}"
    ".patches img{width:100%;height:auto;display:block;border-radius:4px}</style>\n";

std::string item(const UncertainPatch& patch) {
  const std::string distance = patch.distance ? short_number(*patch.distance) : "not known";
  return "<li><a href=\"" + link(patch.file) + "\"><img loading=\"lazy\" alt=\"" + html(patch.file) + "\" src=\"" + link(patch.file) +
         "\"></a>entropy " + short_number(patch.entropy, 2) + "<br>distance " + distance + "<br>chosen by " + html(patch.chosen_by) +
         "</li>\n";
}

}  // namespace

std::string uncertain_page(std::vector<UncertainPatch> patches) {
  std::vector<std::string> slides;
  for (const UncertainPatch& patch : patches)
    if (std::ranges::find(slides, patch.slide) == slides.end()) slides.push_back(patch.slide);
  std::ranges::stable_sort(patches, std::greater(), &UncertainPatch::entropy);
  std::string text = page_head("Where to look", report_style() + kStyle) + "<header><h1>Where to look</h1><p class=\"summary\"><strong>" +
                     core::count_of(patches.size(), "patch", "patches") + "</strong> of " +
                     core::count_of(slides.size(), "slide", "slides") +
                     " whose labels teach the model most. Fill in their lines of labels.csv.</p></header>\n<main id=\"main\">\n";
  for (const std::string& slide : slides) {
    text += "<section><h2><bdi>" + html(slide) + "</bdi></h2>\n<ul class=\"patches\">\n";
    for (const UncertainPatch& patch : patches)
      if (patch.slide == slide) text += item(patch);
    text += "</ul></section>\n";
  }
  return text +
         "<footer><p>Made by wsi-lpd tile --uncertain. Entropy and distance are defined in "
         "docs/patches.md.</p></footer>\n</main>\n</body>\n</html>\n";
}

}  // namespace wsi_lpd::output
