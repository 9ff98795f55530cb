#include "wsi_lpd/output/report.hpp"

#include <cctype>

#include "html.hpp"
#include "report_assets.hpp"
#include "report_page.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::output {
namespace fs = std::filesystem;

std::string report_id(const fs::path& stem, const fs::path& results) {
  constexpr std::size_t kLongest = 80;
  const std::string place = stem.lexically_relative(results).generic_string();
  std::string id;
  for (const char byte : place.substr(0, kLongest)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '-' || byte == '_' || byte == '.';
    id += plain ? byte : '_';
  }
  if (id.starts_with('.')) id[0] = '_';
  return id + "-" + sha256_of_text(place).substr(0, 10);
}

std::string page_head(const std::string& title, const std::string& assets, const std::vector<std::string>& styles) {
  std::string text =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>" +
      html(title) + "</title>\n";
  for (const std::string& style : styles) text.append("<link rel=\"stylesheet\" href=\"").append(assets).append(style).append("\">\n");
  return text + "</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n";
}

std::string page_foot(const ReportContent& content, const std::string& assets, const std::vector<std::string>& scripts) {
  std::string text =
      "<footer><p>Made by wsi-lpd on " + html(content.time) + ". Areas and shares are defined in docs/outputs.md.</p></footer>\n";
  for (const std::string& script : scripts) text.append("<script src=\"").append(assets).append(script).append("\"></script>\n");
  return text + "</body>\n</html>\n";
}

std::string slide_name(const CompleteResult& result) {
  const std::string name = fs::path(result.statistics.slide).filename().string();
  return name.empty() ? result.stem.filename().string() : name;
}

std::string slide_place(const CompleteResult& result, const ResultFolder& results) {
  const std::string folder = result.stem.lexically_relative(results.path).parent_path().generic_string();
  return folder == "." ? "" : folder;
}

std::string swatch(const Colour& colour) { return "<span class=\"swatch\" style=\"background:" + to_string(colour) + "\"></span>"; }

void write_report_pages(const fs::path& folder, const ResultFolder& results, const std::vector<ReportSlide>& slides,
                        const std::string& time) {
  ReportContent content{results, slides, group_slides(results.complete), {}, {}, {}, time};
  content.place.resize(slides.size());
  content.outliers.resize(slides.size());
  for (std::size_t g = 0; g < content.groups.size(); ++g) {
    for (std::size_t member = 0; member < content.groups[g].slides.size(); ++member) {
      const std::size_t slide = content.groups[g].slides[member];
      content.place[slide] = {g, member};
      content.outliers[slide] = outliers_of(content.groups[g], member);
    }
  }
  fs::create_directories(folder / "assets");
  fs::create_directories(folder / "slides");
  content.results_link = fs::relative(results.path, folder / "slides");
  for (const EmbeddedFile& file : report_assets()) write_text_file(folder / "assets" / file.name, std::string(file.content), Durable::No);
  write_text_file(folder / "assets" / "slides.js", slide_list(content), Durable::No);
  for (std::size_t i = 0; i < slides.size(); ++i)
    write_text_file(folder / "slides" / (slides[i].id + ".html"), slide_page(content, i), Durable::No);
  write_text_file(folder / "index.html", index_page(content), Durable::No);
}

}  // namespace wsi_lpd::output
