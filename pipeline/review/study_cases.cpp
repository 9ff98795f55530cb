#include "study_cases.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/utf8.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;

/// Does `path` end with the parts of `tail`? The last one may lack the ending that it has in `path`.
bool ends_with(const fs::path& path, const fs::path& tail) {
  const std::vector<fs::path> parts(path.begin(), path.end()), wanted(tail.begin(), tail.end());
  if (wanted.empty() || wanted.size() > parts.size()) return false;
  if (parts.back() != wanted.back() && parts.back().stem() != wanted.back()) return false;
  return std::equal(wanted.rbegin() + 1, wanted.rend(), parts.rbegin() + 1);
}

fs::path absolute_path(const fs::path& path) { return fs::absolute(path).lexically_normal(); }

/// Names of cases or groups, and the first line with each. Two that differ in capitals alone are a slip: what belongs together would be
/// counted apart, without a word.
class FirstLines {
 public:
  explicit FirstLines(std::string what) : what_(std::move(what)) {}
  void add(const std::string& name, const std::string& where) {
    const auto& [first_name, first_where] = *first_.try_emplace(name, where).first;
    if (first_name != name)
      throw core::UsageError(where + ": " + what_ + " " + name + " is written " + first_name + " in " + first_where +
                             "; write both the same, or give one of them another name");
  }

 private:
  std::string what_;
  std::map<std::string, std::string, core::NameOrder> first_;
};

}  // namespace

std::vector<CaseLine> read_case_lines(const fs::path& path) {
  if (!fs::exists(path)) throw core::UsageError(path.string() + ": no such table of cases");
  if (fs::is_directory(path)) throw core::UsageError(path.string() + ": is a folder; name a table of cases");
  const core::CsvTable table = core::CsvTable::read(path);
  const std::string advice = "a table of cases has the columns slide, case and, if wanted, group";
  table.refuse_columns_beside({"slide", "case", "group"}, advice);
  table.refuse_repeated_columns();
  const std::size_t slide = table.required_column("slide", "; " + advice), of_case = table.required_column("case", "; " + advice);
  const std::optional<std::size_t> group = table.column("group");
  std::vector<CaseLine> lines;
  FirstLines cases("case"), groups("group");
  std::map<std::string, const CaseLine*> grouped;  // cases to a line that says their group
  lines.reserve(table.rows.size());                // so that pointers stay
  for (const core::CsvTable::Row& row : table.rows) {
    if (row.fields[slide].empty()) throw core::UsageError(table.where(row) + ": no slide is named");
    const CaseLine& line =
        lines.emplace_back(CaseLine{table.where(row), core::bytes_of_utf8(row.fields[slide]), core::utf8_of_bytes(row.fields[of_case]),
                                    group ? core::utf8_of_bytes(row.fields[*group]) : ""});
    cases.add(line.case_name, line.where);
    groups.add(line.group, line.where);
    if (line.group.empty() || line.case_name.empty()) continue;
    const CaseLine& first = *grouped.try_emplace(line.case_name, &line).first->second;
    if (first.group != line.group)
      throw core::UsageError(line.where + ": case " + line.case_name + " is of group " + line.group + " here, and of group " + first.group +
                             " in " + first.where + "; correct one of the lines");
  }
  for (CaseLine& line : lines)
    if (const auto found = grouped.find(line.case_name); line.group.empty() && found != grouped.end()) line.group = found->second->group;
  return lines;
}

std::vector<KnownSlide> known_slides(const output::ResultFolder& results) {
  std::vector<KnownSlide> slides;
  std::multimap<fs::path, std::size_t> by_path;  // of complete slides
  std::set<std::string> places;
  const auto place = [&](const fs::path& stem) { return stem.lexically_relative(results.path).generic_string(); };
  for (std::size_t i = 0; i < results.complete.size(); ++i) {
    const output::CompleteResult& result = results.complete[i];
    slides.push_back({.slide = result.statistics.slide, .place = place(result.stem), .complete = i});
    by_path.emplace(absolute_path(result.statistics.slide), i);
    places.insert(slides.back().place);
  }
  for (const auto& [slide, reason] : results.failed) {
    const auto [first, last] = by_path.equal_range(absolute_path(slide));
    for (auto each = first; each != last; ++each) slides[each->second].failed_later = true;
    const std::string start = slide + ": ";
    if (first == last)
      slides.push_back({.slide = slide, .reason = "failed", .explanation = reason.substr(reason.starts_with(start) ? start.size() : 0)});
  }
  const auto add = [&](const fs::path& stem, const std::string& reason, const std::string& explanation) {
    if (!places.contains(place(stem))) slides.push_back({.slide = "", .place = place(stem), .reason = reason, .explanation = explanation});
  };
  for (const output::SlideInWork& slide : results.in_work) add(slide.stem, "in work", slide.owner.text() + " is segmenting it");
  for (const output::UnfinishedResult& slide : results.unfinished) add(slide.stem, "unfinished", "a run was stopped at it");
  for (const output::DamagedFile& file : results.damaged)
    if (file.file.extension() == ".json") add(fs::path(file.file).replace_extension(), "damaged", file.reason);
  return slides;
}

SlideNames::SlideNames(const std::vector<KnownSlide>& slides, const fs::path& table) : slides_(slides), table_folder_(table.parent_path()) {
  for (std::size_t i = 0; i < slides.size(); ++i) {
    const fs::path file = fs::path(slides[i].slide).filename(), result = fs::path(slides[i].place).filename();
    for (const std::string& name : std::set<std::string>{file, file.stem(), result})
      if (!name.empty()) by_last_part_[name].push_back(i);
  }
}

std::optional<std::size_t> SlideNames::find(const CaseLine& line) const {
  const fs::path wanted = fs::path(line.slide).lexically_normal();
  const auto candidates = [&](const fs::path& path) {
    const auto found = by_last_part_.find(path.filename());
    return found == by_last_part_.end() ? std::vector<std::size_t>() : found->second;
  };
  const auto is_exact = [&](const KnownSlide& known) {
    if (known.slide.empty()) return known.place == wanted;
    const fs::path slide = absolute_path(known.slide);
    return known.slide == line.slide || known.place == wanted || slide == absolute_path(wanted) ||
           slide == absolute_path(table_folder_ / wanted);
  };
  const auto is_end = [&](const KnownSlide& known) {
    return ends_with(fs::path(known.slide).lexically_normal(), wanted) || ends_with(known.place, wanted);
  };
  const auto all_of = [&](const auto& is_meant) {
    std::vector<std::size_t> found;
    // What is known by its place alone may be the rest of a slide that is known by its path.
    for (const bool by_path : {true, false}) {
      for (const std::size_t i : candidates(wanted))
        if (slides_[i].slide.empty() != by_path && is_meant(slides_[i])) found.push_back(i);
      if (!found.empty()) break;
    }
    return found;
  };
  std::vector<std::size_t> found = all_of(is_exact);
  if (found.empty()) found = all_of(is_end);
  if (found.empty()) {  // what is known by its place alone has no ending
    const fs::path bare = fs::path(wanted).replace_extension();
    for (const std::size_t i : candidates(bare))
      if (slides_[i].slide.empty() && ends_with(slides_[i].place, bare)) found.push_back(i);
  }
  if (found.empty()) return {};
  if (found.size() > 1) {
    const auto name = [&](const KnownSlide& known) {
      return known.slide.empty() || known.place.empty() ? known.slide + known.place : known.slide + " (results " + known.place + ")";
    };
    throw core::UsageError(line.where + ": " + line.slide + " may mean " + name(slides_[found[0]]) + " or " + name(slides_[found[1]]) +
                           "; write more of the slide's path, or the place of its results");
  }
  return found.front();
}

}  // namespace wsi_lpd::pipeline::review
