#include "table_images.hpp"

#include <algorithm>

#include "patch_tally.hpp"
#include "wsi_lpd/core/file_names.hpp"

namespace wsi_lpd::pipeline::training {
namespace fs = std::filesystem;

TableImages::TableImages(fs::path folder, const std::vector<fs::path>& images) : folder_(std::move(folder)) {
  for (const fs::path& image : images) {
    images_.insert(image.lexically_normal());
    by_name_.emplace(image.filename().string(), image.lexically_normal());
    by_name_.emplace(image.stem().string(), image.lexically_normal());
  }
}

TableImages::Found TableImages::find(const std::string& name) {
  std::error_code error;
  std::string slashes = name;
  if (!fs::exists(folder_ / name, error)) std::replace(slashes.begin(), slashes.end(), '\\', '/');  // as Windows writes paths
  const fs::path path = (folder_ / slashes).lexically_normal();
  std::vector<fs::path> found;
  if (fs::is_regular_file(path, error)) {
    found.push_back(path);
  } else if (fs::is_symlink(path, error)) {
    return {path, path.string() + " " + core::text_of_missing_target(path), kBrokenLink};
  } else {
    const fs::path wanted = fs::path(slashes).lexically_normal();
    const std::string end = wanted.parent_path().empty() ? "" : "/" + wanted.parent_path().string();
    const auto [first, last] = by_name_.equal_range(wanted.filename().string());
    for (auto image = first; image != last; ++image)
      if (image->second.parent_path().string().ends_with(end)) found.push_back(image->second);
  }
  if (found.empty()) return {path, "no file " + path.string(), "listed without a file"};
  if (found.size() > 1) {
    std::string problem = "'" + name + "' may be " + found[0].string() + " or " + found[1].string();
    if (found.size() > 2) problem.append(" or ").append(std::to_string(found.size() - 2)).append(" more");
    return {path, problem + "; write the path relative to the table"};
  }
  if (images_.contains(found[0])) named_.insert(found[0]);
  return {found[0]};
}

}  // namespace wsi_lpd::pipeline::training
