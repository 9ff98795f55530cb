#include "staging_options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

/// "200", "200G" or "1.5TiB" in bytes; a number alone counts GiB. Nothing where the text is no size.
std::optional<std::uint64_t> bytes_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string unit(end, text.data() + text.size());
  std::ranges::transform(unit, unit.begin(), [](unsigned char letter) { return std::toupper(letter); });
  if (unit.size() == 3 && unit.ends_with("IB")) unit.resize(1);
  const int power = unit.empty() || unit == "G" ? 30 : unit == "M" ? 20 : unit == "T" ? 40 : 0;
  const double bytes = std::ldexp(value, power);
  constexpr double kMost = 1e18;
  if (error != std::errc() || power == 0 || !(bytes >= 1 && bytes <= kMost)) return {};
  return static_cast<std::uint64_t>(bytes);
}

std::string check_space(const std::string& text) {
  return bytes_of(text) ? std::string() : "'" + text + "' is no size: a number of GiB is wanted, or one with M, G or T, such as 200G";
}

/// Absolute, without links; a folder need not be there.
fs::path place_of(const fs::path& folder) {
  const fs::path place = fs::weakly_canonical(fs::absolute(folder));
  return place.has_filename() ? place : place.parent_path();
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  const fs::path inner = place_of(path), outer = place_of(folder);
  return std::ranges::mismatch(inner, outer).in2 == outer.end();
}

/// The folder that is searched for slides: of a pattern, what comes before its first wildcard. Empty for lists.
fs::path searched_folder(const std::string& source) {
  if (fs::is_directory(source)) return source;
  if (fs::exists(source)) return {};
  const fs::path fixed = fs::path(source.substr(0, source.find_first_of("*?["))).parent_path();
  return fixed.empty() ? "." : fixed;
}

}  // namespace

void add_staging_options(CLI::App& command, StagingArguments& arguments) {
  CLI::Option* stage =
      command.add_option("--stage", arguments.folder,
                         "folder on a local disk that slides are copied to ahead of their turn, and read from; for archives "
                         "on slow storage; copies are removed; e.g. --stage /scratch");
  command
      .add_option("--stage-space", arguments.space,
                  "with --stage: space that the copies may take at any time, in GiB, or with M, G or T; by default nine tenths of what is "
                  "free there at the start; e.g. --stage-space 200G")
      ->check(check_space)
      ->needs(stage);
}

void check_staging(const StagingArguments& arguments, const std::string& source, const fs::path& output) {
  if (arguments.folder.empty()) return;
  const std::string start = "--stage " + arguments.folder.string() + ": ";
  if (fs::exists(arguments.folder) && !fs::is_directory(arguments.folder)) throw core::UsageError(start + "is no folder");
  const fs::path searched = searched_folder(source);
  if (!searched.empty() && is_inside(arguments.folder, searched))
    throw core::UsageError(start + "is inside of the slides' folder " + searched.string() + ", which is to be read only; name another");
  if (is_inside(arguments.folder, output))
    throw core::UsageError(start + "is inside of the results' folder " + output.string() + "; name another");
  const fs::path above = place_of(arguments.folder).parent_path();
  if (!fs::exists(arguments.folder) && !fs::is_directory(above))
    throw core::UsageError(start + "there is no folder " + above.string() + " to make it in; is its disk mounted?");
}

std::unique_ptr<pipeline::archive::Staging> start_staging(const StagingArguments& arguments, core::ProgressObserver& observer) {
  if (arguments.folder.empty()) return nullptr;
  std::optional<std::uint64_t> space = bytes_of(arguments.space);
  if (!space) {
    fs::path there = fs::absolute(arguments.folder);
    while (!fs::exists(there)) there = there.parent_path();
    space = fs::space(there).available / 10 * 9;
  }
  return pipeline::archive::start_staging({arguments.folder, *space}, observer);
}

}  // namespace wsi_lpd::cli
