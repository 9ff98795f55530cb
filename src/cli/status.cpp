#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "command.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/output/result_folder.hpp"

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

/// Names and reasons come from files, and a terminal obeys control characters.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char byte) { return byte < 0x20 || byte == 0x7F; }, ' ');
  return text;
}

/// "N things" with its lines below; nothing for none.
void list(const std::string& title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  std::cout << "\n" << title << "\n";
  for (const std::string& line : lines) std::cout << "  " << printable(line) << "\n";
}

std::string with_name(const std::string& slide, const std::string& reason) {
  return reason.starts_with(slide + ": ") ? reason : slide + ": " + reason;
}

void print(const output::ResultFolder& results) {
  std::set<std::string> models;
  std::size_t warned = 0;
  for (const output::CompleteResult& result : results.complete) {
    models.insert(result.statistics.model_sha256);
    warned += result.statistics.warnings.empty() ? 0 : 1;
  }
  std::cout << results.path.string() << ": " << results.complete.size() << " complete, " << results.failed.size() << " failed, "
            << results.unfinished.size() << " unfinished";
  if (!results.in_work.empty()) std::cout << ", " << results.in_work.size() << " in work";
  if (!results.damaged.empty()) std::cout << ", " << results.damaged.size() << " damaged";
  std::cout << "\n";
  if (results.complete.empty() && results.failed.empty() && results.unfinished.empty() && results.in_work.empty() &&
      results.damaged.empty())
    std::cout << "nothing of segment or batch is in this folder; the folder of their --output is wanted\n";
  if (warned > 0) std::cout << warned << " of the complete slides have warnings (in their .json, and in the report)\n";
  if (models.size() > 1) std::cout << "the complete slides come from " << models.size() << " models\n";
  std::vector<std::string> failed, in_work, unfinished, damaged, changed;
  for (const output::CompleteResult& result : results.complete) {
    if (const auto files = output::changed_files(result.stem, result.statistics); !files.empty())
      changed.push_back(place(result.stem, results) + ": " + output::text_of(files));
  }
  for (const output::SlideInWork& slide : results.in_work)
    in_work.push_back(place(slide.stem, results) + ": by " + slide.owner.text() + ", last sign of life " + age(slide.since_sign));
  for (const auto& [slide, reason] : results.failed) failed.push_back(with_name(slide, reason));
  for (const output::UnfinishedResult& result : results.unfinished)
    unfinished.push_back(place(result.stem, results) + ": " + core::joined(result.files) + ", last written " + age(result.since_change));
  for (const output::DamagedFile& file : results.damaged) damaged.push_back(file.reason);
  list("failed when they were last tried", failed);
  list("in work", in_work);
  list("unfinished: a run was stopped at them (the same command does them again)", unfinished);
  list("complete, but files of them are gone or changed (the same command makes them again)", changed);
  list("damaged: the next run does their slides again", damaged);
}

Json json_of(const output::ResultFolder& results) {
  Json json{{"folder", results.path.string()}, {"complete", Json::array()},   {"failed", Json::array()},
            {"in_work", Json::array()},        {"unfinished", Json::array()}, {"damaged", Json::array()}};
  for (const output::CompleteResult& result : results.complete) {
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

}  // namespace

Command add_status(CLI::App& program) {
  struct Arguments {
    std::filesystem::path results;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("status", "What a batch did: complete, failed with reasons, in work, unfinished");
  command->footer("\nExample:  wsi-lpd status results");
  command->add_option("OUT", arguments->results, "folder that segment or batch wrote to")->required();
  command->add_flag("--json", arguments->json, "one JSON object on stdout");
  return {command,
          [arguments](const Context&) {
            const output::ResultFolder results = output::read_results(arguments->results.lexically_normal());
            if (arguments->json) {
              std::cout << json_of(results).dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
            } else {
              print(results);
            }
            return kDone;
          },
          {.work = false}};
}

}  // namespace wsi_lpd::cli
