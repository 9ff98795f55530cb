#include "wsi_lpd/output/failures.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "result_walk.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/core/utf8.hpp"
#include "wsi_lpd/digest/sha256.hpp"

namespace wsi_lpd::output {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

fs::path folder_of(const fs::path& results) { return results / kFailureFolder; }

std::string absolute(const std::string& slide) {
  std::error_code unknown;
  return fs::absolute(slide, unknown).lexically_normal().string();
}

/// The slide's name for people, and a hash of its path.
fs::path file_of(const fs::path& results, const std::string& slide) {
  constexpr std::size_t kHash = 16, kLongestName = 150;
  std::string name = fs::path(slide).filename().string();
  if (name.size() > kLongestName) name.clear();
  return folder_of(results) / (name + "~" + digest::sha256_of_text(absolute(slide)).substr(0, kHash) + ".json");
}

std::vector<fs::path> files_of(const fs::path& results, const char* ending = ".json") {
  std::error_code none;  // neither the folder nor a file needs to be there: other processes remove them
  std::vector<fs::path> files;
  for (auto entry = fs::directory_iterator(folder_of(results), none); !none && entry != fs::directory_iterator(); entry.increment(none)) {
    if (entry->path().extension() == ending) files.push_back(entry->path());
  }
  return files;
}

std::string bytes_of(const Json& text) { return core::bytes_of_utf8(text.get<std::string>()); }

/// What `take` makes of a failure's file; nothing where that is damaged or gone.
template <class Take>
auto read_failure(const fs::path& file, const Take& take) -> decltype(take(Json())) {
  try {
    const std::string text = core::read_text_file(file);
    if (!core::is_deep_json(text)) return take(Json::parse(text));
  } catch (const core::Error&) {
  } catch (const Json::exception&) {
  }
  return {};
}

}  // namespace

void record_failure(const fs::path& folder, const std::string& slide, const std::string& reason, const FailedJob& job) {
  fs::create_directories(folder_of(folder));
  std::error_code unknown;
  Json json{{"slide", slide},
            {"reason", reason},
            {"path", absolute(slide)},
            {"was_there", fs::exists(slide, unknown)},
            {"host", core::host_name()},
            {"name", job.name}};
  if (job.mpp) json["mpp"] = *job.mpp;
  core::write_text_file(file_of(folder, slide), core::json_text(json, 2) + "\n");
}

void forget_failure(const fs::path& folder, const std::string& slide) {
  std::error_code none;
  fs::remove(file_of(folder, slide), none);
}

void forget_failures_of_removed(const fs::path& folder) {
  std::error_code none;
  for (const fs::path& part : files_of(folder, ".part")) core::remove_old_parts(core::final_path(part), std::chrono::minutes(10));
  for (const fs::path& file : files_of(folder)) {
    const bool is_removed = read_failure(file, [&](const Json& json) {
      return json.at("was_there").get<bool>() && fs::status(bytes_of(json.at("path")), none).type() == fs::file_type::not_found;
    });
    if (is_removed) fs::remove(file, none);
  }
}

std::set<std::string> failed_without_file(const fs::path& folder) {
  std::error_code none;
  std::set<std::string> slides;
  for (const fs::path& file : files_of(folder)) {
    std::string slide = read_failure(file, [&](const Json& json) -> std::string {
      std::string path = bytes_of(json.at("path"));
      return json.at("was_there").get<bool>() || fs::exists(fs::symlink_status(path, none)) ? "" : path;
    });
    if (!slide.empty()) slides.insert(std::move(slide));
  }
  return slides;
}

std::map<std::string, std::string> recorded_failures(const fs::path& folder) {
  std::map<std::string, std::string> failures;
  for (const fs::path& file : files_of(folder)) {
    const auto [slide, reason] =
        read_failure(file, [](const Json& json) { return std::pair(bytes_of(json.at("slide")), bytes_of(json.at("reason"))); });
    if (!slide.empty()) failures[slide] = reason;
  }
  return failures;
}

std::string manifest_of_failures(const fs::path& folder) {
  std::vector<std::vector<std::string>> lines;
  for (const fs::path& file : files_of(folder)) {
    auto fields = read_failure(file, [](const Json& json) {
      return std::vector<std::string>{bytes_of(json.at("path")), json.contains("mpp") ? json["mpp"].dump() : "",
                                      core::bytes_of_utf8(json.value("name", ""))};
    });
    if (!fields.empty()) lines.push_back(std::move(fields));
  }
  std::ranges::sort(lines);
  std::string text = core::csv_line({"slide", "mpp", "name"});
  for (const auto& fields : lines) text += core::csv_line(fields);
  return text;
}

}  // namespace wsi_lpd::output
