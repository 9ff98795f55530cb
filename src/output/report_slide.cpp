#include "report_slide.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "figures.hpp"
#include "html.hpp"
#include "number_text.hpp"
#include "report_plots.hpp"
#include "report_regions.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/output/overlay.hpp"

namespace wsi_lpd::output {
namespace {

namespace fs = std::filesystem;

/// Files that a slide may have beside its statistics.
struct KnownFile {
  const char* suffix;
  const char* what;
};
constexpr KnownFile kFiles[] = {{kLabels, "label pyramid: QuPath, OpenSlide, tifffile"},
                                {kOmeLabels, "label pyramid as OME-TIFF: QuPath, OMERO, tifffile"},
                                {kProbabilities, "class probabilities, a channel each: QuPath, OMERO, tifffile"},
                                {".h5", "tiles, features, class probabilities: h5py"},
                                {".json", "these statistics"},
                                {".geojson", "regions as polygons: QuPath"},
                                {kOutlines, "the annotations that were measured: QuPath"},
                                {".overlay.jpg", "picture with legend and scale bar"},
                                {".prototypes.jpg", "the strongest tiles of each prototype"},
                                {".tissue.jpg", "what was taken of the slide and what was left"}};

std::string area(const SlideStatistics& s, std::int64_t pixels) {
  const auto size = square_millimetres(s, pixels);
  return size ? area_text(*size) : with_unit(grouped(pixels), "px");
}

/// The slides before and behind in the results' order; slide.js makes it the order of the index that the reader comes from.
std::string navigation(const ReportContent& content, std::size_t i) {
  const auto step = [&](std::size_t to, const std::string& rel, const std::string& before, const std::string& behind) {
    const bool exists = to < content.slides.size();
    return "<a rel=\"" + rel + "\" id=\"" + rel + "\"" + (exists ? " href=\"" + content.slides[to].id + ".html\"" : " hidden") + ">" +
           before + "<bdi>" + (exists ? html(slide_name(content.results.complete[to])) : "") + "</bdi>" + behind + "</a> ";
  };
  // Before the first there is none: i - 1 is then beyond the last.
  return "<nav aria-label=\"Slides\" data-page=\"" + content.slides[i].id + ".html\"><a href=\"../index.html\" id=\"up\">All slides</a> " +
         step(i - 1, "prev", "‹ ", "") + step(i + 1, "next", "", " ›") + "<span id=\"rank\"></span></nav>\n";
}

/// The deep-zoom view: what viewer.js fills, and the data it takes.
std::string viewer(const ReportContent& content, std::size_t i) {
  const SlideStatistics& s = content.results.complete[i].statistics;
  nlohmann::ordered_json view = nlohmann::ordered_json::parse(content.slides[i].view);
  view.erase("identity");
  view["tiles"] = "../tiles/" + content.slides[i].id + "/";
  std::string toggles;
  const auto add = [&](int value, const std::string& name, const std::string& colour, std::int64_t pixels) {
    view["labels"].push_back({{"value", value}, {"name", name}, {"colour", colour}});
    toggles += "<li><label><input type=\"checkbox\" checked data-value=\"" + std::to_string(value) +
               "\"><span class=\"swatch\" style=\"background:" + colour + "\"></span><bdi>" + html(name) + "</bdi> <small>" +
               percent(ratio(pixels, s.tissue_pixels)) + "</small></label></li>\n";
  };
  for (std::size_t c = 0; c < s.per_class.size(); ++c)
    add(static_cast<int>(c) + 1, s.classes.names[c], core::to_string(s.classes.colours[c]), s.per_class[c].pixels);
  if (s.unreadable_pixels > 0) add(core::kUnreadable, "unreadable", core::to_string(kUnreadableColour), s.unreadable_pixels);
  const bool has_outlines = content.slides[i].regions && content.slides[i].regions->has_outlines;
  const std::string outlines =
      has_outlines ? "<label class=\"line\"><input type=\"checkbox\" id=\"outlines\" checked disabled data-file=\"../regions/" +
                         content.slides[i].id + ".js\"> Measured regions</label>\n"
                   : "";
  return "<section class=\"view\" aria-label=\"Deep zoom\">\n<div id=\"map\" tabindex=\"0\" role=\"application\" aria-label=\"Slide with "
         "its "
         "classes: drag or arrow keys move, plus and minus zoom\"></div>\n<form class=\"panel\" id=\"panel\">\n<label "
         "class=\"line\"><input "
         "type=\"checkbox\" id=\"mask\" checked> Classes over the slide</label>\n<label>Opacity <input type=\"range\" id=\"opacity\" "
         "min=\"0\" "
         "max=\"100\" value=\"45\"></label>\n<ul class=\"classes\">\n" +
         toggles + "</ul>\n" + outlines +
         "<button type=\"button\" id=\"fit\">Whole slide</button>\n<output id=\"position\">&nbsp;</output>\n<details><summary>Keys"
         "</summary><p class=\"note\"><kbd>m</kbd> classes on and off · <kbd>[</kbd> <kbd>]</kbd> opacity · <kbd>1</kbd>…<kbd>9</kbd> one "
         "class · " +
         (has_outlines ? "<kbd>r</kbd> measured regions · " : "") +
         "<kbd>f</kbd> whole slide · <kbd>n</kbd> <kbd>p</kbd> next and previous slide · <kbd>u</kbd> all slides</p></details>\n</form>\n"
         "<noscript><p class=\"note\">The deep-zoom view needs JavaScript.</p></noscript>\n<script type=\"application/json\" id=\"view\">" +
         json_for_script(core::json_text(view)) + "</script>\n</section>\n";
}

std::string picture(const ReportContent& content, std::size_t i) {
  const ReportSlide& slide = content.slides[i];
  const std::string why = slide.no_view.empty() ? "" : "<p class=\"note\" id=\"no-view\">No deep zoom: " + html(slide.no_view) + ".</p>\n";
  if (!slide.picture) return why + "<p class=\"note\">The overlay picture is not there, or cannot be read.</p>\n";
  return "<figure class=\"overlay\"><img src=\"../pictures/" + slide.id + ".jpg\" alt=\"" + html(slide_name(content.results.complete[i])) +
         " with its classes drawn over it\"></figure>\n" + why;
}

std::string class_table(const SlideStatistics& s) {
  // On a narrow screen each class is a block, where a cell's title stands beside it (report.css).
  constexpr std::array kTitles{"Share of tissue", "Area", "Regions", "Largest region"};
  std::string head, rows;
  for (const char* title : kTitles) head.append("<th scope=\"col\" class=\"number\">").append(title).append("</th>");
  for (std::size_t c = 0; c < s.per_class.size(); ++c) {
    const ClassStatistics& figures = s.per_class[c];
    const std::array<std::string, kTitles.size()> cells{percent(ratio(figures.pixels, s.tissue_pixels)), area(s, figures.pixels),
                                                        grouped(figures.regions), area(s, figures.largest_region)};
    rows += "<tr><th scope=\"row\">" + swatch(s.classes.colours[c]) + "<bdi>" + html(s.classes.names[c]) + "</bdi></th>";
    for (std::size_t i = 0; i < cells.size(); ++i)
      rows.append("<td class=\"number\" data-title=\"").append(kTitles[i]).append("\">").append(cells[i]).append("</td>");
    rows += "</tr>\n";
  }
  return "<section><h2>Classes</h2>\n" + share_bar(s) + "<table class=\"figures\"><thead><tr><th scope=\"col\">Class</th>" + head +
         "</tr></thead><tbody>\n" + rows + "</tbody></table></section>\n";
}

/// The slide's figures, each beside those of the others of its model.
std::string standing(const ReportContent& content, std::size_t i) {
  const auto [g, member] = content.place[i];
  const ReportGroup& group = content.groups[g];
  std::string text;
  for (std::size_t f = 0; f < group.figures.size(); ++f) {
    const auto& value = group.values[f][member];
    const Figure& figure = group.figures[f];
    const bool unusual =
        std::any_of(content.outliers[i].begin(), content.outliers[i].end(), [&](const Outlier& o) { return o.figure == f; });
    text += "<figure><figcaption>" + html(figure.title) + " <strong>" + (value ? html(figure.text(*value)) : "–") + "</strong>" +
            (unusual ? " <span class=\"badge unusual\">unusual</span>" : "") + " <small>" + html(figure.meaning) + "</small></figcaption>";
    const auto& spread = group.spreads[f];
    if (value && spread && spread->count > 1 && spread->smallest < spread->largest) {
      std::vector<double> values;
      for (const auto& other : group.values[f]) {
        if (other) values.push_back(*other);
      }
      text += box_plot(figure, *spread, values, {}, value);
    }
    text += "</figure>\n";
  }
  return "<section><h2>Figures</h2><p class=\"note\">The pointer is this slide, the box the middle half of " +
         grouped(static_cast<std::int64_t>(group.slides.size())) + " slides of the same model.</p>\n<div class=\"plots\">\n" + text +
         "</div></section>\n";
}

std::string run(const SlideStatistics& s) {
  const core::Frame& frame = s.frame;
  std::string list = "<dl>" + definition("Slide file", "<bdi>" + html(s.slide) + "</bdi>") +
                     definition("Model", "<bdi>" + html(s.model_path) + "</bdi> <code>" + html(s.model_sha256) + "</code>") +
                     definition("Configuration", "<code>" + html(s.configuration_sha256) + "</code>");
  list += definition("Resolution", frame.mpp > 0 ? with_unit(short_number(frame.mpp), "µm/px") + "; the slide has " +
                                                       with_unit(short_number(frame.slide_mpp), "µm/px") + " (" + html(s.mpp_source) + ")"
                                                 : "unknown: areas are in pixels");
  list += definition("Size of the result", grouped(frame.size.width) + " × " + grouped(frame.size.height) + " px");
  list += definition("Part of the slide", "from (" + grouped(frame.bounds.x) + ", " + grouped(frame.bounds.y) + "), " +
                                              grouped(frame.bounds.width) + " × " + grouped(frame.bounds.height) + " level-0 px");
  list += definition("Tiles", grouped(s.tiles_read) + " read, " + grouped(s.tiles_skipped) + " without tissue, " +
                                  grouped(s.tiles_unreadable) + " unreadable" +
                                  (s.tiles_passed_over > 0 ? ", " + grouped(s.tiles_passed_over) + " passed over (--effort)" : ""));
  list += definition(
      "Precision",
      html(s.precision) + (s.precision_agreement ? ", " + percent(s.precision_agreement) + " of a sample's labels agree with fp32" : ""));
  if (!s.presence_shift.empty()) {
    std::string shifts;
    for (std::size_t c = 0; c < s.presence_shift.size(); ++c)
      shifts += (c > 0 ? ", " : "") + html(s.classes.names[c]) + " " + short_number(s.presence_shift[c]);
    list += definition("Thresholds of presence", "moved to this slide by (in widths) " + shifts);
  }
  list += definition("Memory", with_unit(grouped(s.peak_memory_bytes >> 20), "MiB"));
  std::string versions;
  for (const auto& [name, version] : s.versions) {
    const bool is_named = version.find(' ') != std::string::npos;  // "LibTorch 2.11.0"
    if (!versions.empty()) versions += " · ";
    if (!is_named) versions.append(html(name)).append(" ");
    versions += html(version);
  }
  return "<section><h2>Run</h2>\n" + list + definition("Versions", versions) +
         "</dl>\n<figure><figcaption>Time <small>of each stage, added up over the threads: stages run side by side, so that one may take "
         "longer than the total</small></figcaption>" +
         time_bars(s.seconds) + "</figure></section>\n";
}

std::string patches(const ReportContent& content, const ReportSlide& slide) {
  if (slide.patches.empty()) return {};
  return "<section id=\"patches\"><h2>Where to look</h2>\n<p class=\"note\">" + grouped(std::ssize(slide.patches)) +
         " patches that wsi-lpd tile --uncertain has cut out, the most uncertain first; docs/patches.md defines their figures.</p>\n" +
         uncertain_list(slide.patches, ".." / content.patches_link) + "</section>\n";
}

std::string warnings(const SlideStatistics& s) {
  if (s.warnings.empty()) return {};
  std::string text = "<section class=\"attention\"><h2>Warnings</h2><ul>\n";
  for (const std::string& warning : s.warnings) text += "<li>" + html(warning) + "</li>\n";
  return text + "</ul></section>\n";
}

std::string files(const ReportContent& content, std::size_t i) {
  const fs::path& stem = content.results.complete[i].stem;
  std::string rows;
  for (const KnownFile& known : kFiles) {
    if (!fs::exists(fs::path(stem) += known.suffix)) continue;
    const fs::path from_here = (content.results_link / stem.lexically_relative(content.results.path)) += known.suffix;
    rows += "<li><a href=\"" + link(from_here) + "\"><bdi>" + html(stem.filename().string() + known.suffix) + "</bdi></a> <small>" +
            known.what + "</small></li>\n";
  }
  return "<section><h2>Files</h2><ul class=\"files\">\n" + rows + "</ul></section>\n";
}

}  // namespace

std::string slide_page(const ReportContent& content, std::size_t i) {
  const CompleteResult& result = content.results.complete[i];
  const SlideStatistics& s = result.statistics;
  const ReportSlide& slide = content.slides[i];
  const bool has_view = !slide.view.empty();
  const std::string name = slide_name(result), place = slide_place(result, content.results);
  const auto failure = content.results.failed.find(s.slide);
  std::string text = page_head(name, "../assets/",
                               has_view ? std::vector<std::string>{"leaflet.css", "report.css"} : std::vector<std::string>{"report.css"});
  text += "<header>" + navigation(content, i) + "<h1><bdi>" + html(name) + "</bdi></h1>" +
          (place.empty() ? "" : "<p class=\"path\"><bdi>" + html(place) + "</bdi></p>") + "</header>\n<main id=\"main\">\n";
  if (failure != content.results.failed.end())
    text += "<p class=\"note bad\">The last run failed on this slide; this is an earlier result. " + html(failure->second) + "</p>\n";
  text += (has_view ? viewer(content, i) : picture(content, i)) + warnings(s) + class_table(s) + region_section(content, i) +
          patches(content, slide) + standing(content, i) + run(s) + files(content, i);
  std::vector<std::string> scripts{"slides.js", "list.js", "slide.js"};
  if (has_view) scripts.insert(scripts.end(), {"leaflet.min.js", "viewer.js"});
  if (has_view && slide.regions && slide.regions->has_outlines) scripts.emplace_back("viewer_regions.js");
  return text + "</main>\n" + page_foot(content, "../assets/", scripts);
}

}  // namespace wsi_lpd::output
