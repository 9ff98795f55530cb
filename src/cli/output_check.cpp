#include "output_check.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/output/slide_files.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array kOutputs{"output", "overlay", "into", "log-file"};

struct NamedFile {
  std::string option;  ///< "--tissue", "TRUTH"
  fs::path path;
};

bool is_output(const CLI::Option& option) {
  return std::ranges::any_of(kOutputs, [&](const char* name) { return option.check_lname(name); });
}

std::string option_name(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_name(true, false) : "--" + option.get_lnames().front();
}

/// What the options name: the outputs, or all else that is there as a file.
std::vector<NamedFile> named(const CLI::App& command, bool outputs) {
  std::vector<NamedFile> files;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_items_expected_max() == 0 || is_output(*option) != outputs) continue;
    for (const std::string& value : option->results()) {
      std::error_code absent;
      if (outputs || fs::is_regular_file(value, absent)) files.push_back({option_name(*option), value});
    }
  }
  const CLI::Option* model = command.get_option_no_throw("--model");
  if (!outputs && model && model->count() == 0) {
    const char* from_environment = std::getenv("WSI_LPD_MODEL");
    const fs::path usual = from_environment && *from_environment ? from_environment : "runs/latest/model.safetensors";
    if (std::error_code absent; fs::is_regular_file(usual, absent)) files.push_back({"the model", usual});
  }
  return files;
}

/// By path or, where both are there, by device and inode.
bool is_same(const fs::path& a, const fs::path& b) {
  std::error_code error;
  if (fs::equivalent(a, b, error)) return !fs::is_directory(a, error);
  return fs::weakly_canonical(a, error) == fs::weakly_canonical(b, error) && !fs::is_directory(a, error);
}

/// Empty, or starting with a time as Terminal writes it: "2026-01-31 ".
bool is_log(const fs::path& path) {
  std::string start(11, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  if (file.gcount() == 0) return true;
  constexpr std::string_view kTime = "dddd-dd-dd ";
  return std::ranges::equal(start, kTime, [](char c, char pattern) { return pattern == 'd' ? c >= '0' && c <= '9' : c == pattern; });
}

/// Opening a pipe waits for whoever writes into it, for ever if nobody does.
void refuse_pipes_and_devices(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_items_expected_max() == 0 || is_output(*option) || option->check_lname("config")) continue;
    for (const std::string& value : option->results()) {
      std::error_code absent;
      const fs::file_status status = fs::status(value, absent);
      if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status))
        throw core::UsageError(option_name(*option) + " " + value + ": is a pipe or a device; a file is wanted");
    }
  }
}

}  // namespace

void refuse_inputs_as_outputs(const CLI::App& command) {
  refuse_pipes_and_devices(command);
  const std::vector<NamedFile> outputs = named(command, true), inputs = named(command, false);
  for (auto output = outputs.begin(); output != outputs.end(); ++output) {
    const std::string start = output->option + " " + output->path.string() + ": ";
    for (const NamedFile& input : inputs) {
      if (is_same(output->path, input.path))
        throw core::UsageError(start + "is the same file as the input " + (input.option == "the model" ? "" : input.option + " ") +
                               input.path.string() + ", which it would overwrite: name another file");
    }
    for (auto other = outputs.begin(); other != output; ++other) {
      if (is_same(output->path, other->path))
        throw core::UsageError(start + "is the same file as " + other->option + ": name another file");
    }
    std::error_code absent;
    if (output->option == "--log-file" && fs::is_regular_file(output->path, absent) && !is_log(output->path))
      throw core::UsageError(start + "is there already and is no log of wsi-lpd: name another file");
  }
}

void refuse_missing_folder(const std::string& option, const fs::path& file) {
  if (!file.parent_path().empty() && !fs::is_directory(file.parent_path()))
    throw core::UsageError(option + " " + file.string() + ": its folder is not there; make it first");
}

void refuse_inputs_as_results(const CLI::App& command, const std::vector<fs::path>& stems) {
  std::vector<NamedFile> inputs = named(command, false);
  std::set<fs::path> places;
  for (const NamedFile& input : inputs) places.insert(fs::weakly_canonical(input.path).parent_path());
  for (const fs::path& stem : stems) {
    const fs::path place = fs::weakly_canonical(stem);
    if (!places.contains(place.parent_path())) continue;
    for (const NamedFile& input : inputs) {
      const fs::path path = fs::weakly_canonical(input.path);
      const bool is_result = path == place.string() + ".json" ||
                             std::ranges::any_of(output::kSuffixes, [&](const char* suffix) { return path == place.string() + suffix; });
      if (is_result)
        throw core::UsageError(input.option + " " + input.path.string() + ": this run would overwrite it with a result of " +
                               stem.filename().string() + ": copy it elsewhere first, or choose another --output");
    }
  }
}

}  // namespace wsi_lpd::cli
