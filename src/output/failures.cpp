#include "wsi_lpd/output/failures.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/output/sha256.hpp"

namespace wsi_lpd::output {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

fs::path folder_of(const fs::path& results) { return results / ".failures"; }

/// The slide's name for people, and a hash of its path.
fs::path file_of(const fs::path& results, const std::string& slide) {
  constexpr std::size_t kHash = 16, kLongestName = 150;
  std::string name = fs::path(slide).filename().string();
  if (name.size() > kLongestName) name.clear();
  return folder_of(results) / (name + "~" + sha256_of_text(slide).substr(0, kHash) + ".json");
}

void for_each(const fs::path& results, const std::function<void(const fs::path&, const Json&)>& action) {
  std::error_code none;  // neither the folder nor a file needs to be there: other processes remove them
  std::vector<fs::path> files;
  for (auto entry = fs::directory_iterator(folder_of(results), none); !none && entry != fs::directory_iterator(); entry.increment(none)) {
    if (entry->path().extension() == ".json") files.push_back(entry->path());
  }
  for (const fs::path& file : files) {
    try {
      action(file, Json::parse(read_text_file(file)));
    } catch (const Error&) {
    } catch (const Json::exception&) {
    }
  }
}

}  // namespace

void record_failure(const fs::path& folder, const std::string& slide, const std::string& reason) {
  fs::create_directories(folder_of(folder));
  std::error_code unknown;
  const Json json{{"slide", slide},
                  {"reason", reason},
                  {"path", fs::absolute(slide, unknown).string()},
                  {"was_there", fs::exists(slide, unknown)},
                  {"host", host_name()}};
  write_text_file(file_of(folder, slide), json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void forget_failure(const fs::path& folder, const std::string& slide) {
  std::error_code none;
  fs::remove(file_of(folder, slide), none);
}

void forget_failures_of_removed(const fs::path& folder) {
  for_each(folder, [](const fs::path& file, const Json& json) {
    std::error_code none;
    if (json.at("was_there").get<bool>() && fs::status(json.at("path").get<std::string>(), none).type() == fs::file_type::not_found)
      fs::remove(file, none);
  });
}

std::map<std::string, std::string> recorded_failures(const fs::path& folder) {
  std::map<std::string, std::string> failures;
  for_each(folder, [&](const fs::path&, const Json& json) { failures[json.at("slide")] = json.at("reason"); });
  return failures;
}

}  // namespace wsi_lpd::output
