#include "wsi_lpd/pipeline/review/study.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "page_folder.hpp"
#include "study_cases.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;

/// Joins slides to cases, line by line of the table.
class Join {
 public:
  Join(output::Study& study, output::ResultFolder& results)
      : study_(study), results_(results), known_(known_slides(results)), names_(known_, study.table) {}

  void add(const CaseLine& line) {
    if (!line.group.empty()) groups_.try_emplace(line.group, line.where);
    const std::optional<std::size_t> found = names_.find(line);
    const std::string slide = found ? slide_text(known_[*found]) : line.slide;
    const auto [first, is_new] = lines_.try_emplace(slide, line);
    if (!is_new) {
      if (first->second.case_name == line.case_name) return;
      throw core::UsageError(line.where + ": " + line.slide + " is of case " + line.case_name + " here, and of case " +
                             first->second.case_name + " in " + first->second.where + "; correct one of the lines");
    }
    if (found) met_.insert(*found);
    if (line.case_name.empty()) return leave_out(slide, line, "no case", line.where + " names none");
    if (!found)
      return leave_out(slide, line, "no result", line.where + " names it; there is no result of it in " + study_.results.string());
    const KnownSlide& known = known_[*found];
    if (!known.complete) return leave_out(slide, line, known.reason, known.explanation);
    output::SlideStatistics& statistics = results_.complete[*known.complete].statistics;
    if (statistics.frame.mpp <= 0)
      return leave_out(slide, line, "unknown µm/px",
                       "its areas can't be added: segment it with --mpp, or with the column mpp of a manifest");
    if (known.failed_later) failed_later_.push_back(slide);
    case_of(line).slides.push_back(study_.slides.size());
    study_.slides.push_back(std::move(statistics));
  }

  void finish() {
    for (std::size_t i = 0; i < known_.size(); ++i) {
      const KnownSlide& known = known_[i];
      if (met_.contains(i)) continue;
      if (lines_.contains(slide_text(known))) {
        study_.left_out.push_back({known.place, "", "the same slide again", "another result of " + known.slide + " is used"});
      } else if (known.complete) {
        study_.left_out.push_back({slide_text(known), "", "no case", "no line of " + study_.table.string() + " names it"});
      } else {
        study_.left_out.push_back({slide_text(known), "", known.reason, known.explanation});
      }
    }
    for (const auto& named : groups_) {
      const auto is_used = [&](const output::StudyCase& each) { return each.group == named.first && !each.slides.empty(); };
      if (std::ranges::none_of(study_.cases, is_used))
        study_.warnings.push_back(
            core::in_context("group " + named.first, named.second + " names it, and none of its cases has a slide that can be used"));
    }
    std::ranges::sort(study_.left_out, {}, [](const output::StudyLeftOut& each) { return std::tie(each.reason, each.slide); });
    std::erase_if(study_.cases, [&](const output::StudyCase& each) {
      if (each.slides.empty()) study_.cases_left_out.push_back(each.name);
      return each.slides.empty();
    });
    warn();
  }

 private:
  /// As the results name it.
  static std::string slide_text(const KnownSlide& known) { return known.slide.empty() ? known.place : known.slide; }

  output::StudyCase& case_of(const CaseLine& line) {
    const auto [place, is_new] = cases_.try_emplace(line.case_name, study_.cases.size());
    if (is_new) study_.cases.push_back({.name = line.case_name, .group = line.group});
    return study_.cases[place->second];
  }

  void leave_out(const std::string& slide, const CaseLine& line, const std::string& reason, const std::string& explanation) {
    study_.left_out.push_back({slide, line.case_name, reason, explanation});
    if (!line.case_name.empty()) ++case_of(line).left_out;
  }

  void warn() {
    const auto warn_of = [&](const std::vector<std::string>& names, const std::string& one, const std::string& many) {
      if (!names.empty()) study_.warnings.push_back(core::count_of(names.size(), one, many) + ": " + core::joined_first(names));
    };
    std::vector<std::string> incomplete, without_group;
    for (const output::StudyCase& each : study_.cases) {
      if (each.left_out > 0) incomplete.push_back(each.name);
      if (each.group.empty()) without_group.push_back(each.name);
    }
    warn_of(study_.cases_left_out, "case is missing, as none of its slides can be used",
            "cases are missing, as none of their slides can be used");
    warn_of(incomplete, "case lacks slides that the table gives it", "cases lack slides that the table gives them");
    if (without_group.size() < study_.cases.size())
      warn_of(without_group, "case has no group and is compared with none", "cases have no group and are compared with none");
    warn_of(failed_later_, "slide failed when last tried, and an earlier result of it is used",
            "slides failed when last tried, and earlier results of them are used");
    for (const output::DamagedFile& file : results_.damaged)
      if (file.file.extension() != ".json") study_.warnings.push_back(file.reason);
  }

  output::Study& study_;
  output::ResultFolder& results_;
  std::vector<KnownSlide> known_;
  SlideNames names_;
  std::set<std::size_t> met_;                  ///< of known_, which a line means
  std::map<std::string, CaseLine> lines_;      ///< by slide: the first line that means it
  std::map<std::string, std::size_t> cases_;   ///< by name: index into Study::cases
  std::map<std::string, std::string> groups_;  ///< of the table, each with the first line that has it
  std::vector<std::string> failed_later_;
};

/// Warnings of slides that seem to be one under two names: the same model sees the same in them, to the pixel.
std::vector<std::string> twins(const std::vector<output::SlideStatistics>& slides) {
  std::map<std::vector<double>, const output::SlideStatistics*> first;
  std::vector<std::string> warnings;
  for (const output::SlideStatistics& slide : slides) {
    const core::Frame& frame = slide.frame;
    std::vector<double> figures{static_cast<double>(frame.bounds.width), static_cast<double>(frame.bounds.height), frame.mpp,
                                static_cast<double>(slide.tissue_pixels), static_cast<double>(slide.glass_pixels)};
    bool has_pieces = false;
    for (const output::ClassStatistics& each : slide.per_class) {
      figures.insert(figures.end(),
                     {static_cast<double>(each.pixels), static_cast<double>(each.regions), static_cast<double>(each.largest_region)});
      has_pieces = has_pieces || each.largest_region > 0;
    }
    if (!has_pieces) continue;
    const auto [known, is_new] = first.try_emplace(std::move(figures), &slide);
    if (!is_new)
      warnings.push_back(
          slide.slide + " has the same figures as " + known->second->slide +
          ", to the pixel: if both are one slide (a copy, files of one DICOM series), it counts twice; leave one of the lines out");
  }
  return warnings;
}

}  // namespace

output::Study make_study(const fs::path& results_folder, const fs::path& table, const StudyOptions& options, const core::Work& work) {
  const std::vector<CaseLine> lines = read_case_lines(table);
  work.observer.begin("looking through the results", 0, "");
  output::ResultFolder results = output::read_results(results_folder.lexically_normal());
  work.observer.end();
  output::Study study{.results = results.path, .table = table, .seed = options.seed};
  Join join(study, results);
  for (const CaseLine& line : lines) join.add(line);
  join.finish();
  if (study.cases.empty()) {
    const std::string found = core::count_of(results.complete.size(), "complete slide", "complete slides");
    throw core::UsageError(
        table.string() + ": no line means a slide that can be used; " + results.path.string() + " has " + found +
        (results.complete.empty() ? "" : ", such as " + results.complete.front().stem.lexically_relative(results.path).string()));
  }
  for (std::string& warning : twins(study.slides)) study.warnings.push_back(std::move(warning));
  for (std::string& difference : output::differences_between(study.slides)) study.warnings.push_back(std::move(difference));

  const auto has_group = [](const output::StudyCase& each) { return !each.group.empty(); };
  if (std::ranges::none_of(study.cases, has_group)) study.groups = {""};
  for (output::StudyCase& each : study.cases) {
    if (has_group(each) && std::ranges::find(study.groups, each.group) == study.groups.end()) study.groups.push_back(each.group);
    std::vector<const output::SlideStatistics*> slides;
    for (const std::size_t slide : each.slides) slides.push_back(&study.slides[slide]);
    each.figures = output::combined(slides);
  }
  core::check(work.cancel);
  work.observer.begin("comparing groups", 0, "");
  study.measures = output::study_measures(study);
  work.observer.end();
  return study;
}

WrittenStudy write_study(const fs::path& results, const fs::path& table, const StudyOptions& options, const core::Work& work) {
  const fs::path folder = options.output.empty() ? results.lexically_normal() / "study" : options.output;
  if (fs::exists(folder) && fs::exists(table) && fs::equivalent(fs::absolute(table).parent_path(), folder))
    throw core::UsageError(table.string() + ": is in the folder of the study, whose files are overwritten; keep it elsewhere");
  WrittenStudy written{folder / "index.html", make_study(results, table, options, work)};
  const auto lock = take_page_folder(folder, "study");
  fs::remove(folder / "difference.csv");  // an earlier study may have had two groups
  output::write_study_files(folder, written.study, core::local_time("%Y-%m-%d %H:%M"));
  return written;
}

}  // namespace wsi_lpd::pipeline::review
