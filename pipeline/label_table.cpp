#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "patch_labels.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::pipeline {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kNamed = 5;

/// "5 files: a.png, b.png and 3 more"
std::string named(const std::vector<std::string>& files) {
  const std::size_t count = std::min(kNamed, files.size());
  std::string text = joined({files.begin(), files.begin() + static_cast<std::ptrdiff_t>(count)}, ", ");
  return files.size() > count ? text + " and " + std::to_string(files.size() - count) + " more" : text;
}

class LabelTable {
 public:
  LabelTable(const fs::path& file, const fs::path& root, const std::vector<fs::path>& images, std::vector<std::string>& problems)
      : file_(file), root_(root), table_(parse_table(read_text_file(file), file.string())), problems_(problems) {
    for (const fs::path& image : images) by_name_[image.filename().string()].push_back(image);
    read_columns();
  }

  LabelledPatches read() {
    for (const Table::Row& row : table_.rows) {
      if (has_names_)
        add_names(row);
      else
        add_numbers(row);
    }
    if (has_names_) number_the_names();
    if (!unlabelled_.empty()) {
      problems_.push_back(file_.string() + ": " + std::to_string(unlabelled_.size()) + " of " + std::to_string(result_.patches.size()) +
                          (result_.patches.size() == 1 ? " image lacks" : " images lack") +
                          " labels; fill them in, or delete the line: " + named(unlabelled_));
    }
    tell_unlisted();
    return std::move(result_);
  }

 private:
  void read_columns() {
    const std::string form = "; its columns must be file,CLASS,CLASS,… with 0 or 1, or file,label with names of classes";
    if (!same_name(table_.columns[0], "file"))
      throw UsageError(file_.string() + ": the first column is '" + table_.columns[0] + "'" + form);
    if (table_.columns.size() < 2) throw UsageError(file_.string() + ": has no column for a class" + form);
    has_names_ = table_.columns.size() == 2 && (same_name(table_.columns[1], "label") || same_name(table_.columns[1], "labels"));
    if (has_names_) return;
    result_.class_names.assign(table_.columns.begin() + 1, table_.columns.end());
    result_.classes = static_cast<int>(result_.class_names.size());
    for (std::size_t i = 0; i < result_.class_names.size(); ++i) {
      const std::string& name = result_.class_names[i];
      if (name.empty()) throw UsageError(file_.string() + ": column " + std::to_string(i + 2) + " has no name" + form);
      if (std::count(result_.class_names.begin(), result_.class_names.end(), name) > 1)
        throw UsageError(file_.string() + ": two columns are called '" + name + "'");
    }
  }

  /// Below the table, below the folder of training images, or by its name alone.
  std::optional<fs::path> image_of(const Table::Row& row) {
    const fs::path name = row.fields[0];
    for (const fs::path& folder : {file_.parent_path(), root_}) {
      if (fs::is_regular_file(folder / name)) return folder / name;
    }
    const auto found = by_name_.find(name.string());
    if (found == by_name_.end()) {
      problem(row, "no file " + (file_.parent_path() / name).string());
    } else if (found->second.size() > 1) {
      problem(row, name.string() + " is there twice (" + found->second[0].string() + ", " + found->second[1].string() +
                       "): name the folder, too");
    } else {
      return found->second.front();
    }
    return {};
  }

  void problem(const Table::Row& row, const std::string& what) {
    problems_.push_back(file_.string() + " line " + std::to_string(row.line) + ": " + what);
  }

  /// The patch that the line speaks of, and the line that spoke of it first; nothing where there is no such image.
  std::pair<Patch*, int> patch_of(const Table::Row& row) {
    const std::optional<fs::path> image = image_of(row);
    if (!image) return {nullptr, 0};
    const auto [place, is_new] = places_.try_emplace(fs::weakly_canonical(*image).string(), result_.patches.size(), row.line);
    if (is_new) result_.patches.push_back({*image, {}, {}});
    return {&result_.patches[place->second.first], is_new ? 0 : place->second.second};
  }

  void add_numbers(const Table::Row& row) {
    std::vector<float> labels;
    labels.reserve(row.fields.size());
    const bool is_labelled = std::find(row.fields.begin() + 1, row.fields.end(), "") == row.fields.end();
    for (auto field = row.fields.begin() + 1; is_labelled && field != row.fields.end(); ++field) {
      if (*field != "0" && *field != "1") {
        problem(row, "label '" + *field + "' is neither 0 nor 1");
        return;
      }
      labels.push_back(*field == "1" ? 1.0F : 0.0F);
    }
    const auto [patch, earlier] = patch_of(row);
    if (!patch) return;
    if (!is_labelled) unlabelled_.push_back(row.fields[0]);
    if (earlier > 0 && patch->labels != labels) {
      problem(row, row.fields[0] + " stands in line " + std::to_string(earlier) + " with other labels");
    } else if (is_labelled && std::ranges::find(labels, 1.0F) == labels.end()) {
      problem(row, row.fields[0] + ": none of its image labels is 1");
    } else {
      patch->labels = labels;
    }
  }

  void add_names(const Table::Row& row) {
    const auto [patch, earlier] = patch_of(row);
    if (!patch) return;
    std::set<std::string>& names = names_[static_cast<std::size_t>(patch - result_.patches.data())];
    if (earlier > 0) several_lines_.insert(row.fields[0]);
    if (row.fields[1].empty() && names.empty()) unlabelled_.push_back(row.fields[0]);
    for (std::size_t from = 0; from <= row.fields[1].size();) {
      const std::size_t end = std::min(row.fields[1].find_first_of("|;,", from), row.fields[1].size());
      if (const std::string name = trimmed(row.fields[1].substr(from, end - from)); !name.empty()) names.insert(name);
      from = end + 1;
    }
  }

  void number_the_names() {
    std::set<std::string> all;
    for (const auto& [patch, names] : names_) all.insert(names.begin(), names.end());
    result_.class_names.assign(all.begin(), all.end());
    result_.classes = static_cast<int>(all.size());
    for (const auto& [patch, names] : names_) {
      std::vector<float>& labels = result_.patches[patch].labels;
      for (const std::string& name : all) labels.push_back(names.contains(name) ? 1.0F : 0.0F);
    }
    result_.notes.push_back(file_.string() + " names the classes " + joined(result_.class_names, ", "));
    if (!several_lines_.empty()) {
      result_.notes.push_back(std::to_string(several_lines_.size()) + " images have several lines in " + file_.string() +
                              ", whose labels add up: " + named({several_lines_.begin(), several_lines_.end()}));
    }
  }

  /// A deleted line is a patch thrown away, but not without a word.
  void tell_unlisted() {
    std::vector<std::string> unlisted;
    for (const auto& [name, images] : by_name_) {
      for (const fs::path& image : images) {
        if (!places_.contains(fs::weakly_canonical(image).string())) unlisted.push_back(image.lexically_relative(root_).string());
      }
    }
    if (!unlisted.empty()) {
      result_.notes.push_back(std::to_string(unlisted.size()) + " images that " + file_.string() +
                              " does not list are left out: " + named(unlisted));
    }
  }

  const fs::path& file_;
  const fs::path& root_;
  Table table_;
  std::vector<std::string>& problems_;
  bool has_names_ = false;  ///< the column `label` instead of one for each class
  std::map<std::string, std::vector<fs::path>> by_name_;
  std::map<std::string, std::pair<std::size_t, int>> places_;  ///< image to its patch and the line that names it first
  std::map<std::size_t, std::set<std::string>> names_;         ///< of each patch's classes
  std::set<std::string> several_lines_;
  std::vector<std::string> unlabelled_;
  LabelledPatches result_;
};

}  // namespace

LabelledPatches labels_from_table(const fs::path& table, const fs::path& root, const std::vector<fs::path>& images,
                                  std::vector<std::string>& problems) {
  return LabelTable(table, root, images, problems).read();
}

}  // namespace wsi_lpd::pipeline
