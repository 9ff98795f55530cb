#include "study_page.hpp"

#include <algorithm>
#include <cmath>

#include "figures.hpp"
#include "html.hpp"
#include "number_text.hpp"
#include "report_page.hpp"
#include "report_plots.hpp"
#include "study_methods.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::output {
namespace {

// Around what study_plots() finds. Names can't hold them: html() escapes "<".
constexpr const char *kBegin = "<!-- for a report -->", *kEnd = "<!-- end -->";

std::string marked(const std::string& content) { return kBegin + content + kEnd; }

Figure figure_of(const StudyMeasure& measure) { return {measure.title, measure.unit, measure.meaning, {}, measure.column}; }

std::string group_name(const Study& study, std::size_t g) { return study.groups[g].empty() ? "all cases" : study.groups[g]; }

std::string text_of(const StudyMeasure& measure, const std::optional<double>& value) {
  return value ? figure_of(measure).text(*value) : "–";
}

std::string interval_text(const StudyMeasure& measure, const std::optional<std::array<double, 2>>& interval) {
  return interval ? figure_of(measure).text(interval->at(0)) + " to " + figure_of(measure).text(interval->at(1)) : "–";
}

/// Of fractions in percentage points.
std::string change_text(const StudyMeasure& measure, double change) {
  std::string size = text_of(measure, std::abs(change));
  if (measure.unit == "%" && size.ends_with('%')) size.replace(size.size() - 1, 1, "pp");
  return (change < 0 ? "−" : "") + size;
}

std::string change_interval_text(const StudyMeasure& measure, const std::optional<std::array<double, 2>>& interval) {
  return interval ? change_text(measure, interval->at(0)) + " to " + change_text(measure, interval->at(1)) : "–";
}

std::string headline(const Study& study) {
  double tissue = 0;
  for (const StudyCase& each : study.cases) tissue += square_millimetres(each.figures, each.figures.tissue_pixels).value_or(0);
  std::string text = "<p class=\"summary\"><strong>" + core::count_of(study.cases.size(), "case", "cases") + "</strong> of " +
                     core::count_of(study.slides.size(), "slide", "slides");
  if (study.groups.size() > 1) text += " · " + std::to_string(study.groups.size()) + " groups";
  if (!study.left_out.empty())
    text += " · <strong class=\"bad\">" + core::count_of(study.left_out.size(), "slide", "slides") + " left out</strong>";
  return marked(text + " · " + area_text(tissue) + " of tissue</p>\n");
}

std::string attention(const Study& study) {
  if (study.warnings.empty() && study.left_out.empty()) return {};
  std::string text = "<section class=\"attention\" aria-label=\"What needs attention\"><h2>Needs attention</h2>\n";
  if (!study.warnings.empty()) text += "<ul>\n";
  for (const std::string& warning : study.warnings) text += "<li>" + html(warning) + "</li>\n";
  if (!study.warnings.empty()) text += "</ul>\n";
  for (auto begin = study.left_out.begin(); begin != study.left_out.end();) {
    const auto end = std::find_if(begin, study.left_out.end(), [&](const StudyLeftOut& each) { return each.reason != begin->reason; });
    std::vector<std::pair<std::string, std::string>> rows;
    for (auto each = begin; each != end; ++each) {
      const std::string of_case = each->case_name.empty() ? "" : "case " + each->case_name;
      rows.emplace_back(each->slide, of_case + (of_case.empty() || each->explanation.empty() ? "" : ": ") + each->explanation);
    }
    constexpr std::size_t kMostUnfolded = 8;  // more would hide the plots
    text += problem_table("Left out: " + begin->reason, "Slide", rows, rows.size() <= kMostUnfolded);
    begin = end;
  }
  return text + "</section>\n";
}

std::string plot(const Study& study, const StudyMeasure& measure) {
  const Figure figure = figure_of(measure);
  std::vector<PlotGroup> groups;
  for (std::size_t g = 0; g < study.groups.size(); ++g) {
    const GroupFigures& figures = measure.groups[g];
    PlotGroup& group = groups.emplace_back(PlotGroup{group_name(study, g), {}, figures.mean, figures.interval});
    group.name += " · n = " + std::to_string(figures.cases);
    for (std::size_t i = 0; i < study.cases.size(); ++i) {
      if (measure.values[i] && study.cases[i].group == study.groups[g])
        group.points.push_back({*measure.values[i], study.cases[i].name + ": " + figure.text(*measure.values[i]), ""});
    }
  }
  return "<figure><figcaption>" + html(figure.title) + " <small>" + html(figure.meaning) + "</small></figcaption>" +
         group_plot(figure, groups) + "</figure>\n";
}

std::string further(const std::string& content) { return "<details><summary>Further measures</summary>\n" + content + "</details>"; }

std::string plots(const Study& study) {
  std::string main, others;
  for (const StudyMeasure& measure : study.measures) {
    const bool has_value = std::ranges::any_of(measure.values, [](const auto& value) { return value && *value != 0; });
    if (has_value) (measure.is_main ? main : others) += plot(study, measure);
  }
  const std::string title = study.groups.size() > 1 ? "Cases by group" : "All cases";
  return "<section><h2>" + title + "</h2>\n" +
         marked("<div class=\"plots\">\n" + main +
                "</div>\n<p class=\"note\">A dot is a case. The line below is the mean, the bar its 95 % bootstrap interval, which fewer "
                "than " +
                std::to_string(kFewestForInterval) + " cases do not have. Measures that are 0 in all cases have no plot.</p>\n") +
         further("<div class=\"plots\">\n" + others + "</div>") + "</section>\n";
}

/// On a narrow screen each row is a block, where a cell's title stands beside it (report.css).
std::string row(const std::string& measure, const std::string& group, const std::vector<std::pair<std::string, std::string>>& cells) {
  std::string text = "<tr><th scope=\"row\"><bdi>" + html(measure) + "</bdi> <small><bdi>" + html(group) + "</bdi></small></th>";
  for (const auto& [title, cell] : cells)
    text.append("<td class=\"number\" data-title=\"").append(title).append("\">").append(html(cell)).append("</td>");
  return text + "</tr>\n";
}

std::string rows_of(const Study& study, const StudyMeasure& measure) {
  std::string rows;
  for (std::size_t g = 0; g < study.groups.size(); ++g) {
    const GroupFigures& figures = measure.groups[g];
    rows += row(measure.title, group_name(study, g),
                {{"Cases", std::to_string(figures.cases)},
                 {"Mean", text_of(measure, figures.mean)},
                 {"95 % interval", interval_text(measure, figures.interval)},
                 {"Median", text_of(measure, figures.median)}});
  }
  if (measure.difference) {
    rows += row(measure.title, study.groups[0] + " − " + study.groups[1],
                {{"Cases", std::to_string(measure.groups[0].cases) + " and " + std::to_string(measure.groups[1].cases)},
                 {"Mean", change_text(measure, measure.difference->mean)},
                 {"95 % interval", change_interval_text(measure, measure.difference->interval)},
                 {"Median", ""}});
  }
  return rows;
}

std::string comparison_table(const std::string& rows) {
  return "<table class=\"figures\"><thead><tr><th scope=\"col\">Measure, group</th><th scope=\"col\" class=\"number\">Cases</th><th "
         "scope=\"col\" class=\"number\">Mean</th><th scope=\"col\" class=\"number\">95 % interval</th><th scope=\"col\" "
         "class=\"number\">Median</th></tr></thead><tbody>\n" +
         rows + "</tbody></table>\n";
}

std::string comparison(const Study& study) {
  std::string main, others, note = "Intervals are of means over cases.";
  bool lacks_interval = false;
  for (const StudyMeasure& measure : study.measures) {
    if (std::ranges::none_of(measure.values, [](const auto& value) { return value.has_value(); })) continue;
    (measure.is_main ? main : others) += rows_of(study, measure);
    lacks_interval = lacks_interval || std::ranges::any_of(measure.groups, [](const GroupFigures& group) { return !group.interval; });
  }
  if (study.groups.size() == 2) note += " Differences of shares are in percentage points (pp).";
  if (lacks_interval) note += " Where fewer than " + std::to_string(kFewestForInterval) + " cases have a value, there is no interval.";
  return "<section><h2>Means</h2>\n<p class=\"note\">" + note + "</p>\n" + comparison_table(main) + further(comparison_table(others)) +
         "</section>\n";
}

std::string case_table(const Study& study) {
  std::string head = "<th scope=\"col\">Case</th><th scope=\"col\">Group</th><th scope=\"col\" class=\"number\">Slides</th>", rows;
  for (const StudyMeasure& measure : study.measures)
    if (measure.is_main) head += "<th scope=\"col\" class=\"number\"><bdi>" + html(measure.title) + "</bdi></th>";
  for (std::size_t i = 0; i < study.cases.size(); ++i) {
    const StudyCase& each = study.cases[i];
    std::string slides = std::to_string(each.slides.size());
    if (each.left_out > 0) slides += " of " + std::to_string(each.slides.size() + each.left_out);
    std::string names;
    for (const std::size_t slide : each.slides) names += (names.empty() ? "" : ", ") + study.slides[slide].slide;
    rows += "<tr><th scope=\"row\"><bdi>" + html(each.name) + "</bdi></th><td><bdi>" + html(each.group) +
            "</bdi></td><td class=\"number\" title=\"" + html(names) + "\">" + slides + "</td>";
    for (const StudyMeasure& measure : study.measures)
      if (measure.is_main) rows += "<td class=\"number\">" + html(text_of(measure, measure.values[i])) + "</td>";
    rows += "</tr>\n";
  }
  return "<section><h2>Cases</h2>\n<p class=\"note\">All measures are in cases.csv beside this page.</p>\n<div class=\"wide\" "
         "tabindex=\"0\"><table class=\"cases\"><thead><tr>" +
         head + "</tr></thead><tbody>\n" + rows + "</tbody></table></div></section>\n";
}

}  // namespace

std::string study_page(const Study& study, const std::string& time) {
  const std::string folder = std::filesystem::absolute(study.results).lexically_normal().string();
  return page_head("Study of " + folder, report_style()) + "<header><h1>Study of segmented slides</h1><p class=\"path\"><bdi>" +
         html(folder) + "</bdi>, cases of <bdi>" + html(study.table.string()) + "</bdi></p>" + headline(study) +
         "</header>\n<main id=\"main\">\n" + attention(study) + plots(study) + comparison(study) + case_table(study) +
         methods_section(study) + "</main>\n<footer><p>Made by wsi-lpd on " + html(time) +
         ". Measures are defined in docs/study.md.</p></footer>\n</body>\n</html>\n";
}

std::string study_plots(const std::string& page) {
  std::string plots;
  std::size_t begin = 0, end = 0;
  while ((begin = page.find(kBegin, end)) != std::string::npos && (end = page.find(kEnd, begin)) != std::string::npos)
    plots += page.substr(begin, end - begin);
  return plots;
}

}  // namespace wsi_lpd::output
