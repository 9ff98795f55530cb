#include "study_methods.hpp"

#include <algorithm>

#include "html.hpp"
#include "number_text.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::output {
namespace {

std::string slides_text(std::size_t count) { return core::count_of(count, "slide", "slides"); }

std::string paragraph(const std::string& text) { return "<p>" + html(text) + "</p>\n"; }

std::string groups_text(const Study& study) {
  std::string text;
  for (const std::string& group : study.groups) {
    const auto count = static_cast<std::size_t>(std::ranges::count(study.cases, group, &StudyCase::group));
    text += (text.empty() ? "" : ", ") + group + " (" + core::count_of(count, "case", "cases") + ")";
  }
  return "The groups were " + text + ".";
}

std::string segmentation_text(const Study& study) {
  const SlideStatistics& first = study.slides.front();
  const Settings properties = properties_of(study.slides), options = options_of(study.slides);
  const auto value = [&](const Settings& settings, const char* name) {
    const auto found = settings.find(name);
    return found == settings.end() ? "not recorded" : values_text(found->second);
  };
  return slides_text(study.slides.size()) + " of " + core::count_of(study.cases.size(), "case", "cases") + " were segmented with wsi-lpd " +
         value(properties, "wsi-lpd") + " (arXiv:2512.05922) by the model " + std::filesystem::path(first.model_path).filename().string() +
         " (SHA-256 " + first.model_sha256 + ") into the classes " + core::joined(first.classes.names) +
         ". Resolution of the results, µm/px: " + value(properties, "µm/px") +
         ". Overlap of neighbouring tiles, as a share of their side: " + value(options, "overlap") +
         ". Number format of the encoder: " + value(properties, "number format") +
         ". Class borders redrawn by a dense conditional random field: " + value(properties, "dense CRF") +
         ". Stain normalisation: " + value(properties, "stain normalisation") + ". Tissue mask: " + value(options, "tissue") +
         ". Class presence: " + value(options, "presence") + "; normalisation of class maps: " + value(options, "normalisation") +
         ". The thresholds of the classes are part of the model file. All options are listed below.";
}

std::string comparison_text(const Study& study) {
  const bool is_grouped = study.groups.size() > 1;
  std::string text =
      "Means are arithmetic means over cases, in which every case counts the same. Their 95\u00a0% confidence intervals are "
      "percentile bootstrap intervals (Efron, Annals of Statistics 7, 1979) over cases: " +
      grouped(static_cast<std::int64_t>(kStudyResamples)) + " resamples" + (is_grouped ? " of each group" : "") +
      ", drawn with replacement from a counter-based generator (seed " + std::to_string(study.seed) +
      "); the ends are the 2.5th and the 97.5th percentile of the resamples' means. Fewer than " + std::to_string(kFewestForInterval) +
      " cases have no interval; with few cases intervals are too narrow (docs/study.md).";
  if (study.groups.size() == 2)
    text += " Differences are the mean of " + study.groups[0] + " minus that of " + study.groups[1] +
            "; their intervals are the percentiles of the differences between independent resamples of the groups.";
  return text + " No hypothesis was tested, and intervals are not adjusted for the number of measures.";
}

std::string left_out_text(const Study& study) {
  if (study.left_out.empty()) return "No slide was left out.";
  std::map<std::string, std::size_t> reasons;
  for (const StudyLeftOut& each : study.left_out) ++reasons[each.reason];
  std::vector<std::string> words;
  words.reserve(reasons.size());
  for (const auto& [reason, count] : reasons) words.push_back(reason + " (" + std::to_string(count) + ")");
  std::string text = slides_text(study.left_out.size()) + " were left out: " + core::joined(words) + ".";
  if (study.left_out.size() == 1) text = "1 slide was left out: " + reasons.begin()->first + ".";
  if (!study.cases_left_out.empty())
    text += " Thereby " + core::count_of(study.cases_left_out.size(), "case has", "cases have") + " no slide at all and " +
            (study.cases_left_out.size() == 1 ? "is" : "are") + " missing: " + core::joined(study.cases_left_out) + ".";
  return text;
}

}  // namespace

std::string values_text(const std::map<std::string, std::size_t>& values) {
  if (values.size() == 1) return values.begin()->first;
  std::vector<std::string> words;
  words.reserve(values.size());
  for (const auto& [value, count] : values) words.push_back(value + " (" + slides_text(count) + ")");
  return core::joined(words);
}

Settings options_of(const std::vector<SlideStatistics>& slides) {
  Settings settings;
  for (const SlideStatistics& slide : slides)
    for (const auto& [name, value] : slide.configuration) settings[name];
  for (auto& [name, values] : settings) {
    for (const SlideStatistics& slide : slides) {
      const auto found = slide.configuration.find(name);
      std::string value = found == slide.configuration.end() ? "not set" : found->second;
      std::erase(value, '"');
      ++values[value];
    }
  }
  return settings;
}

Settings properties_of(const std::vector<SlideStatistics>& slides) {
  Settings settings;
  for (const SlideStatistics& slide : slides) {
    ++settings["µm/px"][short_number(slide.frame.mpp, 4)];
    ++settings["number format"][slide.precision];
    ++settings["dense CRF"][slide.crf ? "yes" : "no"];
    const bool is_normalised = slide.stain.method != core::StainMethod::None && slide.stain.problem.empty();
    ++settings["stain normalisation"][is_normalised ? core::to_string(slide.stain.method) : "none"];
    const auto version = slide.versions.find("wsi-lpd");
    ++settings["wsi-lpd"][version == slide.versions.end() ? "of an unknown version" : version->second];
  }
  return settings;
}

std::string methods_section(const Study& study) {
  std::string options;
  for (const Settings& settings : {properties_of(study.slides), options_of(study.slides)})
    for (const auto& [name, values] : settings) options += definition(name, html(values_text(values)));
  return "<section><h2>Methods</h2>\n" + paragraph(segmentation_text(study)) +
         paragraph(
             "The areas of a case's slides were added, in mm², and so were lengths of borders and numbers of regions. Every share "
             "and ratio of a case is computed from the added areas, so that a slide counts by its area. The mixing of classes and "
             "the share of tiles out of focus are means over the slides of a case, weighted by their tissue areas. The largest "
             "region is that of all slides of the case.") +
         paragraph(study.groups.size() > 1 ? groups_text(study) + " " + comparison_text(study) : comparison_text(study)) +
         paragraph(left_out_text(study)) + "<details><summary>Options of the slides, as recorded with them</summary>\n<dl>" + options +
         "</dl></details></section>\n";
}

}  // namespace wsi_lpd::output
