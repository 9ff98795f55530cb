#include "report_index.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "figures.hpp"
#include "html.hpp"
#include "number_text.hpp"
#include "report_plots.hpp"
#include "report_studies.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::output {
namespace {

using Json = nlohmann::ordered_json;

/// More dots than this would hide each other: then a plot shows the outliers alone.
constexpr std::size_t kMostDots = 60;

std::string plural(std::size_t count, const std::string& one, const std::string& many) {
  return grouped(static_cast<std::int64_t>(count)) + " " + (count == 1 ? one : many);
}

std::string option(const std::string& value, const std::string& words) {
  return "<option value=\"" + html(value) + "\">" + html(words) + "</option>";
}

/// Class names of all groups, in the order of their first appearance.
std::vector<std::string> all_classes(const ReportContent& content) {
  std::vector<std::string> names;
  for (const ReportGroup& group : content.groups) {
    for (const std::string& name : group.classes.names) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

std::string headline(const ReportContent& content) {
  const ResultFolder& results = content.results;
  double tissue = 0;
  for (const CompleteResult& result : results.complete)
    tissue += square_millimetres(result.statistics, result.statistics.tissue_pixels).value_or(0);
  std::string text = "<p class=\"summary\"><strong>" + plural(results.complete.size(), "slide", "slides") + "</strong> complete";
  if (!results.failed.empty()) text += " · <strong class=\"bad\">" + plural(results.failed.size(), "failed", "failed") + "</strong>";
  if (!results.in_work.empty()) text += " · " + std::to_string(results.in_work.size()) + " in work";
  if (!results.unfinished.empty()) text += " · <strong>" + plural(results.unfinished.size(), "unfinished", "unfinished") + "</strong>";
  if (!results.damaged.empty())
    text += " · <strong class=\"bad\">" + plural(results.damaged.size(), "damaged file", "damaged files") + "</strong>";
  const auto unusual = std::count_if(content.outliers.begin(), content.outliers.end(), [](const auto& list) { return !list.empty(); });
  if (unusual > 0) text += " · " + plural(static_cast<std::size_t>(unusual), "unusual", "unusual");
  if (tissue > 0) text += " · " + area_text(tissue) + " of tissue";
  text += "</p>\n";
  std::size_t patches = 0;
  for (const ReportSlide& slide : content.slides) patches += slide.patches.size();
  if (!content.patches_link.empty())
    text += "<p class=\"note\"><a href=\"" + link(content.patches_link / kUncertainPage) +
            "\">Where to look</a>: " + plural(patches, "patch", "patches") + " of these slides whose labels teach the model most.</p>\n";
  if (content.groups.size() > 1) {
    text += "<p class=\"note\">These results come from " + std::to_string(content.groups.size()) +
            " models or sets of classes. Slides are compared with those of the same one alone.</p>\n";
  }
  return text;
}

std::string problems(const ReportContent& content) {
  const ResultFolder& results = content.results;
  std::vector<std::pair<std::string, std::string>> failed(results.failed.begin(), results.failed.end()), in_work, unfinished, changed,
      damaged;
  for (auto& [slide, reason] : failed) {
    if (reason.starts_with(slide + ": ")) reason.erase(0, slide.size() + 2);
  }
  for (const UnfinishedResult& result : results.unfinished) {
    unfinished.emplace_back(result.stem.lexically_relative(results.path).generic_string(),
                            core::joined(result.files) + ", last written " + duration(static_cast<double>(result.since_change.count())) +
                                " before this report: a run was stopped at it");
  }
  for (const SlideInWork& slide : results.in_work) {
    in_work.emplace_back(
        slide.stem.lexically_relative(results.path).generic_string(),
        slide.owner.text() + ", last sign of life " + duration(static_cast<double>(slide.since_sign.count())) + " before this report");
  }
  for (const CompleteResult& result : results.complete) {
    if (const auto files = changed_files(result.stem, result.statistics); !files.empty())
      changed.emplace_back(result.stem.lexically_relative(results.path).generic_string(), text_of(files));
  }
  for (const DamagedFile& file : results.damaged)
    damaged.emplace_back(file.file.lexically_relative(results.path).generic_string(), file.reason);
  const std::string tables = problem_table("Failed when last tried", "Slide", failed) +
                             problem_table("Complete, but files are gone or changed", "Slide", changed) +
                             problem_table("Damaged", "File", damaged) + problem_table("Unfinished", "Slide", unfinished) +
                             problem_table("In work", "Slide", in_work);
  return tables.empty()
             ? ""
             : "<section class=\"attention\" aria-label=\"What needs attention\"><h2>Needs attention</h2>\n" + tables + "</section>\n";
}

/// The last batches: when and where they ran, how long, and how they ended.
std::string batches(const ReportContent& content) {
  constexpr std::ptrdiff_t kMost = 20;
  const std::vector<RunState>& runs = content.runs;
  if (runs.empty()) return {};
  const std::ptrdiff_t shown = std::min(kMost, std::ssize(runs));
  std::string text = "<details class=\"batches\"><summary>Batches (" + std::to_string(runs.size()) +
                     ")</summary>\n<table class=\"runs\"><thead><tr><th scope=\"col\">Begin (UTC)</th><th scope=\"col\">Host, process</th>"
                     "<th scope=\"col\">Slides</th><th scope=\"col\">Time</th><th scope=\"col\">End</th></tr></thead><tbody>\n";
  for (auto state = runs.end() - shown; state != runs.end(); ++state) {
    std::string begin = utc_text(state->run.started), end = state->end;
    std::ranges::replace(begin, 'T', ' ');
    begin.pop_back();
    if (end.empty()) end = state->is_alive ? "at work" : "ended without a word: it was killed, or its machine stopped";
    const std::string slides = std::to_string(state->slides) + ": " + std::to_string(state->done) + " done, " +
                               std::to_string(state->already_done) + " already done, " + std::to_string(state->failed) + " failed" +
                               (state->elsewhere > 0 ? ", " + std::to_string(state->elsewhere) + " in work elsewhere" : "");
    const std::string time = state->ended_at > 0 ? duration(static_cast<double>(state->ended_at - state->run.started)) : "";
    const std::string process = "<bdi>" + html(state->run.host) + "</bdi> " + std::to_string(state->run.pid);
    text.append("<tr><th scope=\"row\">").append(begin).append("</th>");
    for (const std::string& cell : {process, slides, time, html(end)}) text.append("<td>").append(cell).append("</td>");
    text += "</tr>\n";
  }
  return text + "</tbody></table></details>\n";
}

std::string plots(const ReportContent& content, const ReportGroup& group) {
  std::string text;
  for (std::size_t f = 0; f < group.figures.size(); ++f) {
    if (!group.spreads[f] || group.spreads[f]->smallest == group.spreads[f]->largest) continue;
    const Figure& figure = group.figures[f];
    std::vector<double> values;
    std::vector<PlotPoint> points;
    for (std::size_t member = 0; member < group.slides.size(); ++member) {
      if (!group.values[f][member]) continue;
      const std::size_t slide = group.slides[member];
      values.push_back(*group.values[f][member]);
      const auto& outliers = content.outliers[slide];
      const bool unusual = std::any_of(outliers.begin(), outliers.end(), [&](const Outlier& o) { return o.figure == f; });
      if (unusual || group.slides.size() <= kMostDots)
        points.push_back({values.back(), slide_name(content.results.complete[slide]) + ": " + figure.text(values.back()),
                          "slides/" + content.slides[slide].id + ".html"});
    }
    text += "<figure><figcaption>" + html(figure.title) + " <small>" + html(figure.meaning) + "</small></figcaption>" +
            box_plot(figure, *group.spreads[f], values, points, {}) + "</figure>\n";
  }
  if (text.empty()) return {};
  std::string legend;
  for (std::size_t c = 0; c < group.classes.names.size(); ++c)
    legend += "<li>" + swatch(group.classes.colours[c]) + "<bdi>" + html(group.classes.names[c]) + "</bdi></li>";
  return "<details open class=\"distribution\"><summary>Distributions" + (content.groups.size() > 1 ? " · " + html(group.name()) : "") +
         "</summary>\n<ul class=\"legend\">" + legend + "</ul><div class=\"plots\">\n" + text +
         "</div><p class=\"note\">Box: middle half of the slides with the median; whiskers: up to 1.5 times its width beyond. "
         "What lies outside is marked as unusual, from " +
         std::to_string(kFewestForOutliers) + " slides on.</p></details>\n";
}

std::string controls(const ReportContent& content, const std::vector<std::string>& classes) {
  std::string text =
      "<form class=\"controls\" id=\"controls\" hidden>\n<label>Find <input type=\"search\" id=\"find\" placeholder=\"name or folder\" "
      "autocomplete=\"off\"></label>\n<label>Show <select id=\"show\">" +
      option("", "all slides") + option("unusual", "unusual") + option("warnings", "with warnings") + option("failed", "last run failed") +
      option("view", "with deep zoom") + "</select></label>\n";
  if (content.groups.size() > 1) {
    text += "<label>Model <select id=\"model\">" + option("", "all");
    for (std::size_t g = 0; g < content.groups.size(); ++g) text += option(std::to_string(g), content.groups[g].name());
    text += "</select></label>\n";
  }
  text += "<label>Sort by <select id=\"sort\">" + option("", "name") + option("0", "how unusual") + option("1", "tissue area") +
          option("2", "no class") + option("3", "time");
  for (std::size_t c = 0; c < classes.size(); ++c) text += option(std::to_string(c + 4), "share of " + classes[c]);
  return text +
         "</select></label>\n<button type=\"button\" id=\"reverse\" aria-pressed=\"false\" title=\"Turn the order round\">"
         "Reverse</button>\n<output id=\"count\" aria-live=\"polite\"></output>\n</form>\n";
}

/// What the script sorts by, in the order of controls(); null where a slide has no such value.
Json sort_values(const ReportContent& content, std::size_t i, const std::vector<std::string>& classes) {
  const SlideStatistics& s = content.results.complete[i].statistics;
  Json values = Json::array();
  const auto add = [&](const std::optional<double>& value) { values.push_back(value ? Json(*value) : Json()); };
  double strangeness = 0;
  for (const Outlier& outlier : content.outliers[i]) strangeness = std::max(strangeness, outlier.distance);
  const auto total = s.seconds.find("total");
  add(strangeness);
  add(square_millimetres(s, s.tissue_pixels));
  add(ratio(s.unlabelled_pixels, s.tissue_pixels));
  add(total == s.seconds.end() ? std::nullopt : std::optional(total->second));
  for (const std::string& name : classes) {
    const auto found = std::find(s.classes.names.begin(), s.classes.names.end(), name);
    const auto c = static_cast<std::size_t>(found - s.classes.names.begin());
    add(found == s.classes.names.end() ? std::nullopt : ratio(s.per_class[c].pixels, s.tissue_pixels));
  }
  return values;
}

std::string badges(const ReportContent& content, std::size_t i, bool failed) {
  const ReportGroup& group = content.groups[content.place[i].first];
  std::string text;
  if (failed) text += "<span class=\"badge bad\">last run failed</span> ";
  for (const Outlier& outlier : content.outliers[i]) {
    const Figure& figure = group.figures[outlier.figure];
    const Spread& spread = *group.spreads[outlier.figure];
    text += "<span class=\"badge unusual\" title=\"middle half of the slides: " + html(figure.text(spread.first)) + " to " +
            html(figure.text(spread.third)) + "\">" + (outlier.high ? "▲ " : "▼ ") + "<bdi>" + html(figure.title) + "</bdi> " +
            html(figure.text(outlier.value)) + "</span> ";
  }
  const std::size_t warnings = content.results.complete[i].statistics.warnings.size();
  if (warnings > 0) text += "<span class=\"badge\">" + plural(warnings, "warning", "warnings") + "</span> ";
  return text;
}

std::string row(const ReportContent& content, std::size_t i) {
  const CompleteResult& result = content.results.complete[i];
  const SlideStatistics& s = result.statistics;
  const ReportSlide& slide = content.slides[i];
  const std::string name = slide_name(result), place = slide_place(result, content.results), page = "slides/" + slide.id + ".html";
  const bool failed = content.results.failed.contains(s.slide);
  std::string shares;
  for (std::size_t c = 0; c < s.per_class.size(); ++c) {
    if (s.per_class[c].pixels == 0) continue;
    shares += "<li>" + swatch(s.classes.colours[c]) + "<bdi>" + html(s.classes.names[c]) + "</bdi> " +
              percent(ratio(s.per_class[c].pixels, s.tissue_pixels)) + "</li>";
  }
  const auto tissue = square_millimetres(s, s.tissue_pixels);
  return "<tr>\n<td class=\"picture\">" +
         (slide.picture ? "<a href=\"" + page + "\" tabindex=\"-1\" aria-hidden=\"true\"><img src=\"thumbnails/" + slide.id +
                              ".jpg\" alt=\"\" loading=\"lazy\"></a>"
                        : "<span class=\"no-picture\">no picture</span>") +
         "</td>\n<th scope=\"row\"><a href=\"" + page + "\"><bdi>" + html(name) + "</bdi></a>" +
         (place.empty() ? "" : "<small><bdi>" + html(place) + "</bdi></small>") + "<div class=\"badges\">" + badges(content, i, failed) +
         "</div></th>\n<td class=\"composition\">" + share_bar(s) + "<ul class=\"legend\">" + shares + "</ul></td>\n<td class=\"number\">" +
         (tissue ? area_text(*tissue) : "–") + "</td></tr>\n";
}

}  // namespace

std::string index_page(const ReportContent& content) {
  const std::vector<std::string> classes = all_classes(content);
  const std::string folder = std::filesystem::absolute(content.results.path).lexically_normal().string();
  std::string text = page_head("Slides in " + folder, "assets/", {"report.css"}) +
                     "<header><h1>Segmented slides</h1><p class=\"path\"><bdi>" + html(folder) + "</bdi></p>" + headline(content) +
                     "</header>\n<main id=\"main\">\n" + problems(content) + batches(content) + study_sections(content);
  for (const ReportGroup& group : content.groups) text += plots(content, group);
  if (content.slides.empty()) {
    text += "<p>No slide has complete results in this folder.</p>\n";
  } else {
    text += "<section aria-label=\"Slides\"><h2>Slides</h2>\n" + controls(content, classes) +
            "<table class=\"slides\"><thead><tr><th scope=\"col\">Picture</th><th scope=\"col\">Slide</th><th scope=\"col\">Classes, share "
            "of the "
            "tissue</th><th scope=\"col\" class=\"number\">Tissue</th></tr></thead>\n<tbody id=\"slides\">\n";
    for (std::size_t i = 0; i < content.slides.size(); ++i) text += row(content, i);
    text +=
        "</tbody></table>\n<p class=\"note\" id=\"keys\" hidden>Keys: <kbd>/</kbd> find, <kbd>j</kbd> and <kbd>k</kbd> next and previous "
        "slide, <kbd>Enter</kbd> open.</p></section>\n";
  }
  return text + "</main>\n" + page_foot(content, "assets/", {"slides.js", "list.js", "index.js"});
}

std::string slide_list(const ReportContent& content) {
  const std::vector<std::string> classes = all_classes(content);
  Json list = Json::array();
  for (std::size_t i = 0; i < content.slides.size(); ++i) {
    const CompleteResult& result = content.results.complete[i];
    const std::string name = slide_name(result), place = slide_place(result, content.results);
    std::string full_name = place;
    if (!place.empty()) full_name += '/';
    full_name += name;
    Json state = Json::array();
    if (!content.outliers[i].empty()) state.push_back("unusual");
    if (!result.statistics.warnings.empty()) state.push_back("warnings");
    if (content.results.failed.contains(result.statistics.slide)) state.push_back("failed");
    if (!content.slides[i].view.empty()) state.push_back("view");
    list.push_back({{"page", content.slides[i].id + ".html"},
                    {"title", name},
                    {"name", full_name},
                    {"model", std::to_string(content.place[i].first)},
                    {"state", std::move(state)},
                    {"values", sort_values(content, i, classes)}});
  }
  return "window.wsiSlides = " + core::json_text(list) + ";\n";
}

}  // namespace wsi_lpd::output
