#include "status_text.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "terminal_text.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/output/same_slides.hpp"

namespace wsi_lpd::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string age(std::chrono::seconds since) {
  const auto count = since.count();
  if (count < 120) return std::to_string(count) + " s ago";
  if (count < 7200) return std::to_string(count / 60) + " min ago";
  if (count < 172800) return std::to_string(count / 3600) + " h ago";
  return std::to_string(count / 86400) + " days ago";
}

std::string place(const std::filesystem::path& path, const output::ResultFolder& results) {
  return path.lexically_relative(results.path).generic_string();
}

/// A title with its lines below, up to `most` of them; nothing for none.
void list(std::ostream& text, const std::string& title, const std::vector<std::string>& lines, std::size_t most) {
  if (lines.empty()) return;
  text << "\n" << title << "\n";
  for (std::size_t i = 0; i < std::min(most, lines.size()); ++i) text << "  " << core::one_line(lines[i]) << "\n";
  if (lines.size() > most) text << "  … and " << lines.size() - most << " more\n";
}

/// "12 slides: REASON (a.svs, b.svs, …)": slides that failed for one reason share a line, the most frequent first.
std::vector<std::string> failures_by_reason(const std::map<std::string, std::string>& failures) {
  constexpr std::size_t kNamed = 3;
  std::map<std::string, std::vector<std::string>> slides;
  for (const auto& [slide, reason] : failures)
    slides[reason.starts_with(slide + ": ") ? reason.substr(slide.size() + 2) : reason].push_back(slide);
  std::vector<std::pair<std::string, std::vector<std::string>>> sorted(slides.begin(), slides.end());
  std::ranges::stable_sort(sorted, std::greater(), [](const auto& entry) { return entry.second.size(); });
  std::vector<std::string> lines;
  for (auto& [reason, names] : sorted) {
    if (names.size() == 1) {
      lines.push_back(names[0] + ": " + reason);
      continue;
    }
    std::string line = std::to_string(names.size());
    const bool all = names.size() <= kNamed;
    names.resize(std::min(kNamed, names.size()));
    line.append(" slides: ").append(reason).append(" (").append(core::joined(names)).append(all ? ")" : ", …)");
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string text_of(const output::RunState& state) {
  const output::RunRecord& run = state.run;
  std::ostringstream text;
  const std::int64_t ended = state.done + state.failed + state.already_done + state.elsewhere;
  text << run.host << " pid " << run.pid << ", wsi-lpd " << run.version << ", since " << output::utc_text(run.started) << ": " << ended
       << " of " << core::count_of(static_cast<std::size_t>(state.slides), "slide", "slides") << " (" << state.done << " done, "
       << state.already_done << " already done, " << state.failed << " failed";
  if (state.elsewhere > 0) text << ", " << state.elsewhere << " in work elsewhere";
  text << ")";
  if (!state.is_alive) {
    const std::string how = state.end.empty() ? "ended without a word: it was killed, or its machine stopped" : state.end;
    text << "; " << how;
    if (state.ended_at > 0) text << " after " << duration_text(static_cast<double>(state.ended_at - run.started));
    return text.str();
  }
  const double hours = static_cast<double>(std::time(nullptr) - run.started) / 3600;
  if (state.done > 0 && hours > 0) text << ", " << core::fixed(static_cast<double>(state.done) / hours, 1) << " slides/h";
  text << ", " << std::floor(100 * state.share) << " % of the work";
  if (state.seconds_left) {
    const double since = static_cast<double>(std::time(nullptr) - state.progress_at);
    text << ", ETA " << duration_text(std::max(0.0, *state.seconds_left - since));
  }
  return text.str();
}

std::vector<std::string> lines_of(const std::vector<output::RunState>& runs) {
  std::vector<std::string> lines;
  for (const output::RunState& state : runs) {
    lines.push_back(text_of(state));
    if (!state.is_alive) continue;
    for (const auto& [slide, since] : state.in_work)
      lines.push_back("  " + slide + ": for " + duration_text(static_cast<double>(std::time(nullptr) - since)));
  }
  return lines;
}

std::vector<std::string> changed_results(const output::ResultFolder& results) {
  std::vector<std::string> changed;
  for (const output::CompleteResult& result : results.complete) {
    if (const auto files = output::changed_files(result.stem, result.statistics); !files.empty())
      changed.push_back(place(result.stem, results) + ": " + output::text_of(files));
  }
  return changed;
}

/// What the statistics of complete slides tell.
void tell_statistics(std::ostream& text, const output::ResultFolder& results) {
  std::set<std::string> models, configurations;
  std::size_t warned = 0;
  output::SameSlides same(results.path);
  for (const output::CompleteResult& result : results.complete) {
    same.add(result.statistics, result.stem);
    models.insert(result.statistics.model_sha256);
    configurations.insert(result.statistics.configuration_sha256);
    warned += result.statistics.warnings.empty() ? 0 : 1;
  }
  if (warned > 0) text << warned << " of the complete slides have warnings (in their .json, and in the report)\n";
  if (models.size() > 1) text << "the complete slides come from " << models.size() << " models\n";
  if (configurations.size() > 1)
    text << "the complete slides were made with " << configurations.size() << " sets of options (configuration in their .json)\n";
  if (const std::string line = same.line(); !line.empty()) text << core::one_line(line) << "\n";
}

Json results_json(const output::ResultFolder& results, bool is_verified) {
  Json json{{"folder", results.path.string()}, {"complete", Json::array()},   {"failed", Json::array()},
            {"in_work", Json::array()},        {"unfinished", Json::array()}, {"damaged", Json::array()}};
  for (const output::CompleteResult& result : results.complete) {
    if (!is_verified) {
      json["complete"].push_back({{"results", place(result.stem, results)}});
      continue;
    }
    const output::SlideStatistics& s = result.statistics;
    Json missing = Json::array(), changed = Json::array();
    for (const output::ChangedFile& file : output::changed_files(result.stem, s)) {
      if (file.bytes) {
        changed.push_back({{"file", file.name}, {"bytes", *file.bytes}, {"recorded_bytes", *file.recorded}});
      } else {
        missing.push_back(file.name);
      }
    }
    json["complete"].push_back({{"slide", s.slide},
                                {"results", place(result.stem, results)},
                                {"model_sha256", s.model_sha256},
                                {"configuration_sha256", s.configuration_sha256},
                                {"missing", missing},
                                {"changed", changed},
                                {"warnings", s.warnings}});
  }
  for (const auto& [slide, reason] : results.failed) json["failed"].push_back({{"slide", slide}, {"reason", reason}});
  for (const output::SlideInWork& slide : results.in_work) {
    json["in_work"].push_back({{"results", place(slide.stem, results)},
                               {"host", slide.owner.host},
                               {"pid", slide.owner.pid},
                               {"seconds_since_sign_of_life", slide.since_sign.count()}});
  }
  for (const output::UnfinishedResult& result : results.unfinished) {
    json["unfinished"].push_back(
        {{"results", place(result.stem, results)}, {"files", result.files}, {"seconds_since_change", result.since_change.count()}});
  }
  for (const output::DamagedFile& file : results.damaged)
    json["damaged"].push_back({{"file", place(file.file, results)}, {"reason", file.reason}});
  return json;
}

Json run_json(const output::RunState& state) {
  const output::RunRecord& run = state.run;
  Json json{{"host", run.host},
            {"pid", run.pid},
            {"version", run.version},
            {"started", output::utc_text(run.started)},
            {"arguments", run.arguments},
            {"alive", state.is_alive},
            {"slides", state.slides},
            {"done", state.done},
            {"already_done", state.already_done},
            {"failed", state.failed},
            {"in_work_elsewhere", state.elsewhere},
            {"share", state.share},
            {"seconds_left", nullptr},
            {"in_work", Json::array()}};
  if (state.seconds_left) json["seconds_left"] = *state.seconds_left;
  for (const auto& [slide, since] : state.in_work) json["in_work"].push_back({{"slide", slide}, {"since", output::utc_text(since)}});
  if (!state.end.empty()) json["end"] = state.end;
  return json;
}

}  // namespace

FolderState read_state(const std::filesystem::path& folder, bool verify) {
  FolderState state{output::read_results(folder, verify ? output::Depth::Statistics : output::Depth::Names), output::read_journals(folder),
                    verify};
  const auto is_over = [](const output::RunState& run) { return !run.is_alive; };
  if (std::ranges::all_of(state.runs, is_over)) {
    if (state.runs.size() > 1) state.runs.erase(state.runs.begin(), state.runs.end() - 1);
  } else {
    std::erase_if(state.runs, is_over);
  }
  return state;
}

std::string text_of(const FolderState& state, std::size_t most) {
  const output::ResultFolder& results = state.results;
  std::ostringstream text;
  text << results.path.string() << ": " << results.complete.size() << " complete, " << results.failed.size() << " failed, "
       << results.unfinished.size() << " unfinished";
  if (!results.in_work.empty()) text << ", " << results.in_work.size() << " in work";
  if (!results.damaged.empty()) text << ", " << results.damaged.size() << " damaged";
  text << "\n";
  if (results.complete.empty() && results.failed.empty() && results.unfinished.empty() && results.in_work.empty() &&
      results.damaged.empty() && state.runs.empty())
    text << "nothing of segment or batch is in this folder; the folder of their --output is wanted\n";
  std::vector<std::string> in_work, unfinished, damaged;
  for (const output::SlideInWork& slide : results.in_work)
    in_work.push_back(place(slide.stem, results) + ": by " + slide.owner.text() + ", last sign of life " + age(slide.since_sign));
  for (const output::UnfinishedResult& result : results.unfinished)
    unfinished.push_back(place(result.stem, results) + ": " + core::joined(result.files) + ", last written " + age(result.since_change));
  for (const output::DamagedFile& file : results.damaged) damaged.push_back(file.reason);
  if (state.is_verified) tell_statistics(text, results);
  list(text, !state.runs.empty() && state.runs.back().is_alive ? "batches at work" : "the last batch", lines_of(state.runs), most);
  list(text, "failed when they were last tried", failures_by_reason(results.failed), most);
  list(text, "in work", in_work, most);
  list(text, "unfinished: a run was stopped at them (the same command does them again)", unfinished, most);
  if (state.is_verified)
    list(text, "complete, but files of them are gone or changed (the same command makes them again)", changed_results(results), most);
  list(text, "damaged: the next run does their slides again", damaged, most);
  return text.str();
}

std::string json_of(const FolderState& state) {
  Json json = results_json(state.results, state.is_verified);
  json["runs"] = Json::array();
  for (const output::RunState& run : state.runs) json["runs"].push_back(run_json(run));
  return core::json_text(json, 2) + "\n";
}

}  // namespace wsi_lpd::cli
