#pragma once
// Private to src/output: what the pages of a report share.
#include <string>
#include <utility>
#include <vector>

#include "report_figures.hpp"
#include "wsi_lpd/output/journal.hpp"
#include "wsi_lpd/output/report.hpp"

namespace wsi_lpd::output {

/// Everything that pages are made of.
struct ReportContent {
  const ResultFolder& results;
  const std::vector<ReportSlide>& slides;  ///< of results.complete
  std::vector<ReportGroup> groups;
  std::vector<std::pair<std::size_t, std::size_t>> place;  ///< of each slide: its group, and which member it is there
  std::vector<std::vector<Outlier>> outliers;              ///< of each slide
  std::filesystem::path index_link, results_link;          ///< from index.html and from slides/ to the results
  std::filesystem::path patches_link;                      ///< from index.html to the patches; empty where there are none
  std::string time;
  std::vector<RunState> runs;  ///< of batches, by the time of their start
};

/// The beginning of a page up to its header. `head` is HTML for its <head>.
std::string page_head(const std::string& title, const std::string& head);
/// The same of a page of a report, and its end. `assets` leads to the folder of that name, `scripts` are files in it.
std::string page_head(const std::string& title, const std::string& assets, const std::vector<std::string>& styles);
std::string page_foot(const ReportContent& content, const std::string& assets, const std::vector<std::string>& scripts);

/// The reports' style as an element of <head>, for a page that stands alone.
std::string report_style();

/// Names with reasons, such as failed slides; `what` is the head of their column. Nothing without rows. `is_open`: unfolded at first.
std::string problem_table(const std::string& title, const std::string& what, const std::vector<std::pair<std::string, std::string>>& rows,
                          bool is_open = true);

/// What a slide is called in a report: its file name, and the place of its results where they lie in a folder of their own.
std::string slide_name(const CompleteResult& result);
std::string slide_place(const CompleteResult& result, const ResultFolder& results);
/// A coloured square with an edge.
std::string swatch(const core::Colour& colour);

}  // namespace wsi_lpd::output
