#include "wsi_lpd/output/uncertain_page.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

#include "html.hpp"
#include "number_text.hpp"
#include "report_page.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::output {
namespace {

std::string item(const UncertainPatch& patch, const std::filesystem::path& folder) {
  const std::string distance = patch.distance ? short_number(*patch.distance) : "not known", image = link(folder / patch.file);
  const std::string href = patch.href.empty() ? image : html(patch.href);
  return "<li><a class=\"place\" href=\"" + href + "\"><img loading=\"lazy\" alt=\"" + html(patch.file) + "\" src=\"" + image +
         "\"></a>entropy " + short_number(patch.entropy, 2) + "<br>distance " + distance + "<br>chosen by " + html(patch.chosen_by) +
         "</li>\n";
}

}  // namespace

std::string uncertain_list(std::vector<UncertainPatch> patches, const std::filesystem::path& folder) {
  std::ranges::stable_sort(patches, std::greater(), &UncertainPatch::entropy);
  std::string items;
  for (const UncertainPatch& patch : patches) items += item(patch, folder);
  return "<ul class=\"patches\">\n" + items + "</ul>";
}

std::string uncertain_page(const std::vector<UncertainPatch>& patches) {
  std::vector<std::string> slides;
  for (const UncertainPatch& patch : patches)
    if (std::ranges::find(slides, patch.slide) == slides.end()) slides.push_back(patch.slide);
  std::string text = page_head("Where to look", report_style()) + "<header><h1>Where to look</h1><p class=\"summary\"><strong>" +
                     core::count_of(patches.size(), "patch", "patches") + "</strong> of " +
                     core::count_of(slides.size(), "slide", "slides") +
                     " whose labels teach the model most. Fill in their lines of labels.csv.</p></header>\n<main id=\"main\">\n";
  for (const std::string& slide : slides) {
    std::vector<UncertainPatch> of_slide;
    std::ranges::copy_if(patches, std::back_inserter(of_slide), [&](const UncertainPatch& patch) { return patch.slide == slide; });
    text += "<section><h2><bdi>" + html(slide) + "</bdi></h2>\n" + uncertain_list(std::move(of_slide), "") + "</section>\n";
  }
  return text +
         "<footer><p>Made by wsi-lpd tile --uncertain. Entropy and distance are defined in "
         "docs/patches.md.</p></footer>\n</main>\n</body>\n</html>\n";
}

}  // namespace wsi_lpd::output
