#include "wsi_lpd/pipeline/find_slides.hpp"

#include <glob.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::pipeline {
namespace fs = std::filesystem;
namespace {

struct Found {
  fs::path slide;
  fs::path folder;  // of its results, below the output folder
  std::optional<double> mpp;
};

/// The first file of a series opens all of it.
void keep_one_of_each_series(std::vector<Found>& found) {
  std::set<std::string> seen;
  std::erase_if(found, [&](const Found& f) {
    const auto series = slide::series(f.slide);
    return series && !seen.insert(*series).second;
  });
}

std::vector<Found> in_folder(const fs::path& root, const fs::path& output) {
  std::vector<Found> found;
  const fs::path results = fs::weakly_canonical(output);
  for (auto entry = fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied); entry != fs::end(entry);
       ++entry) {
    if (entry->is_directory() && (fs::weakly_canonical(entry->path()) == results || entry->path().filename().string().starts_with('.'))) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && slide::is_slide(entry->path())) {
      found.push_back({entry->path(), fs::relative(entry->path().parent_path(), root), {}});
    }
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.slide < b.slide; });
  keep_one_of_each_series(found);
  return found;
}

std::vector<Found> by_pattern(const std::string& pattern) {
  glob_t matches{};
  std::vector<Found> found;
  if (glob(pattern.c_str(), GLOB_TILDE, nullptr, &matches) == 0) {
    for (std::size_t i = 0; i < matches.gl_pathc; ++i) {
      if (fs::is_regular_file(matches.gl_pathv[i])) found.push_back({matches.gl_pathv[i], {}, {}});
    }
  }
  globfree(&matches);
  keep_one_of_each_series(found);
  return found;
}

/// A .csv file: a line of column names, then a slide a line.
std::vector<Found> in_manifest(const fs::path& manifest) {
  const Table table = parse_table(read_text_file(manifest), manifest.string());
  for (const std::string& column : table.columns) {
    if (!same_name(column, "slide") && !same_name(column, "mpp"))
      throw UsageError(manifest.string() + ": unknown column '" + column + "'; a manifest has the columns slide and, if wanted, mpp");
  }
  const std::optional<std::size_t> slide = table.column("slide"), mpp = table.column("mpp");
  if (!slide) throw UsageError(manifest.string() + ": its first line names no column 'slide'");
  std::vector<Found> found;
  std::map<fs::path, std::pair<int, std::optional<double>>> earlier;  // line and µm/px
  for (const Table::Row& row : table.rows) {
    const auto refuse = [&](const std::string& what) {
      throw UsageError(manifest.string() + " line " + std::to_string(row.line) + ": " + what);
    };
    if (row.fields[*slide].empty()) refuse("no slide is named");
    const std::string given = mpp ? row.fields[*mpp] : std::string();
    Found entry{manifest.parent_path() / row.fields[*slide], {}, table.number(given)};
    if (!given.empty() && !(entry.mpp.value_or(0) > 0)) refuse("mpp '" + given + "' is not a positive number");
    const auto [first, is_new] = earlier.try_emplace(entry.slide.lexically_normal(), row.line, entry.mpp);
    if (!is_new && first->second.second != entry.mpp)
      refuse(row.fields[*slide] + " stands in line " + std::to_string(first->second.first) + " with another mpp");
    if (is_new) found.push_back(std::move(entry));
  }
  return found;
}

/// A .txt file: a slide a line; lines that begin with # are comments.
std::vector<Found> in_list(const fs::path& list) {
  std::istringstream stream(read_text_file(list));
  std::vector<Found> found;
  for (std::string line; std::getline(stream, line);) {
    if (found.empty() && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty() && line[0] != '#') found.push_back({list.parent_path() / line, {}, {}});
  }
  return found;
}

std::vector<SlideJob> name_jobs(std::vector<Found> found, const fs::path& output) {
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.slide < b.slide; });
  found.erase(std::unique(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.slide == b.slide; }), found.end());
  std::multiset<fs::path> stems;
  const auto plain_stem = [&](const Found& f) {
    const fs::path name = f.slide.stem();  // of slide.ome.tif it is slide: slide.ome.tif is the name of a label pyramid
    return (output / f.folder / (name.extension() == ".ome" ? name.stem() : name)).lexically_normal();
  };
  for (const Found& f : found) stems.insert(plain_stem(f));
  std::vector<SlideJob> jobs;
  std::set<fs::path> used;
  for (const Found& f : found) {
    fs::path stem = plain_stem(f);
    if (stems.count(stem) > 1) stem = (output / f.folder / f.slide.filename()).lexically_normal();
    if (!used.insert(stem).second) {
      throw UsageError(f.slide.string() + ": another slide of the same name would write to " + stem.string() +
                       ".*: segment them into different folders");
    }
    for (const char* suffix : {output::kLabels, output::kOmeLabels}) {  // one is written, the other removed
      const fs::path raster = fs::path(stem) += suffix;
      std::error_code ignored;
      if (fs::equivalent(f.slide, raster, ignored) || (fs::exists(raster) && slide::is_slide(raster)))
        throw UsageError(f.slide.string() + ": the result would overwrite the slide " + raster.string() +
                         ": choose another --output folder");
    }
    jobs.push_back({f.slide, stem, f.mpp});
  }
  return jobs;
}

}  // namespace

std::vector<SlideJob> find_slides(const std::string& source, const fs::path& output) {
  std::vector<Found> found;
  if (fs::is_directory(source)) {
    found = in_folder(source, output);
    if (found.empty()) throw UsageError(source + ": no slide was found in this folder");
  } else if (const fs::path path(source); fs::is_regular_file(path)) {
    found = path.extension() == ".csv"   ? in_manifest(path)
            : path.extension() == ".txt" ? in_list(path)
                                         : std::vector<Found>{{path, {}, {}}};
    if (found.empty()) throw UsageError(source + ": the list names no slide");
  } else {
    found = by_pattern(source);
    if (found.empty()) throw UsageError(source + ": no such folder, list or slide, and no file matches it as a pattern");
  }
  return name_jobs(std::move(found), output);
}

std::vector<SlideJob> name_results(const std::vector<fs::path>& slides, const fs::path& output) {
  std::vector<Found> found;
  found.reserve(slides.size());
  for (const fs::path& slide : slides) found.push_back({slide, {}, {}});
  return name_jobs(std::move(found), output);
}

}  // namespace wsi_lpd::pipeline
