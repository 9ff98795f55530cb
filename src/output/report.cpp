#include "wsi_lpd/output/report.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "report_assets.hpp"
#include "report_index.hpp"
#include "report_slide.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/digest/sha256.hpp"

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
  return id + "-" + digest::sha256_of_text(place).substr(0, 10);
}

std::string view_address(std::int64_t x, std::int64_t y, std::int64_t side) {
  constexpr double kShown = 360;  // pixels of the screen for the square
  return "#x=" + std::to_string(x + side / 2) + "&y=" + std::to_string(y + side / 2) +
         "&zoom=" + core::fixed(std::log2(kShown / static_cast<double>(std::max<std::int64_t>(side, 1))), 2);
}

void write_report_pages(const fs::path& folder, const ResultFolder& results, const std::vector<ReportSlide>& slides,
                        const fs::path& patches, const std::string& time) {
  ReportContent content{results, slides, group_slides(results.complete), {}, {}, {}, {}, {}, time, read_journals(results.path)};
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
  content.index_link = fs::relative(results.path, folder);
  if (!patches.empty()) content.patches_link = fs::relative(patches, folder);
  content.results_link = fs::relative(results.path, folder / "slides");
  for (const EmbeddedFile& file : report_assets())
    core::write_text_file(folder / "assets" / file.name, std::string(file.content), core::Durable::No);
  core::write_text_file(folder / "assets" / "slides.js", slide_list(content), core::Durable::No);
  for (std::size_t i = 0; i < slides.size(); ++i)
    core::write_text_file(folder / "slides" / (slides[i].id + ".html"), slide_page(content, i), core::Durable::No);
  core::write_text_file(folder / "index.html", index_page(content), core::Durable::No);
}

}  // namespace wsi_lpd::output
