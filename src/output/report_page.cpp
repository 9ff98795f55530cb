#include "report_page.hpp"

#include <algorithm>

#include "html.hpp"
#include "report_assets.hpp"

namespace wsi_lpd::output {
namespace fs = std::filesystem;

std::string page_head(const std::string& title, const std::string& head) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
         "<link rel=\"icon\" href=\"data:,\">\n<title>" +
         html(title) + "</title>\n" + head + "</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n";
}

std::string page_head(const std::string& title, const std::string& assets, const std::vector<std::string>& styles) {
  std::string links;
  for (const std::string& style : styles) links.append("<link rel=\"stylesheet\" href=\"").append(assets).append(style).append("\">\n");
  return page_head(title, links);
}

std::string report_style() {
  const auto style = std::ranges::find(report_assets(), "report.css", &EmbeddedFile::name);
  return "<style>\n" + std::string(style->content) + "</style>\n";
}

std::string page_foot(const ReportContent& content, const std::string& assets, const std::vector<std::string>& scripts) {
  std::string text =
      "<footer><p>Made by wsi-lpd on " + html(content.time) + ". Areas and shares are defined in docs/outputs.md.</p></footer>\n";
  for (const std::string& script : scripts) text.append("<script src=\"").append(assets).append(script).append("\"></script>\n");
  return text + "</body>\n</html>\n";
}

std::string problem_table(const std::string& title, const std::string& what, const std::vector<std::pair<std::string, std::string>>& rows,
                          bool is_open) {
  if (rows.empty()) return {};
  std::string text = std::string(is_open ? "<details open>" : "<details>") + "<summary>" + html(title) + " (" +
                     std::to_string(rows.size()) + ")</summary>\n<table class=\"problems\"><thead><tr><th scope=\"col\">" + what +
                     "</th><th scope=\"col\">Reason</th></tr></thead><tbody>\n";
  for (const auto& [name, reason] : rows)
    text += "<tr><th scope=\"row\"><bdi>" + html(name) + "</bdi></th><td>" + html(reason) + "</td></tr>\n";
  return text + "</tbody></table></details>\n";
}

std::string slide_name(const CompleteResult& result) {
  const std::string name = fs::path(result.statistics.slide).filename().string();
  return name.empty() ? result.stem.filename().string() : name;
}

std::string slide_place(const CompleteResult& result, const ResultFolder& results) {
  const std::string folder = result.stem.lexically_relative(results.path).parent_path().generic_string();
  return folder == "." ? "" : folder;
}

std::string swatch(const core::Colour& colour) {
  return "<span class=\"swatch\" style=\"background:" + core::to_string(colour) + "\"></span>";
}

}  // namespace wsi_lpd::output
