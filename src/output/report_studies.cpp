#include "report_studies.hpp"

#include <set>

#include "html.hpp"
#include "study_page.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::output {
namespace fs = std::filesystem;

std::string study_sections(const ReportContent& content) {
  std::set<fs::path> studies;
  for (const auto& entry : fs::directory_iterator(content.results.path))
    if (entry.is_directory() && is_study(entry.path()) && fs::exists(entry.path() / "index.html")) studies.insert(entry.path().filename());
  std::string text;
  for (const fs::path& name : studies) {
    text += "<details open class=\"distribution\"><summary>Study · <a href=\"" + link(content.index_link / name / "index.html") +
            "\"><bdi>" + html(name.string()) + "</bdi></a></summary>\n" +
            study_plots(core::read_text_file(content.results.path / name / "index.html")) + "</details>\n";
  }
  return text;
}

}  // namespace wsi_lpd::output
