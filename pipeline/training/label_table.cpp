#include "label_table.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "table_images.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/pipeline/training/class_order.hpp"

namespace wsi_lpd::pipeline::training {
namespace fs = std::filesystem;
namespace {

bool is_one_of(const std::string& name, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* other) { return core::same_name(name, other); });
}

bool names_labels(const std::string& column) { return is_one_of(column, {"label", "labels", "class", "classes"}); }

std::vector<std::string> split(const std::string& text, std::string_view separators) {
  std::vector<std::string> words;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(separators, start), text.size());
    if (std::string word = core::trimmed(text.substr(start, end - start)); !word.empty()) words.push_back(std::move(word));
    start = end + 1;
  }
  return words;
}

bool is_in(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::any_of(names, [&](const std::string& other) { return core::same_name(other, name); });
}

/// 0 or 1 as people, spreadsheets and scripts write them.
std::optional<float> presence(const core::CsvTable& table, const std::string& cell) {
  if (core::same_name(cell, "true")) return 1.0F;
  if (core::same_name(cell, "false")) return 0.0F;
  const std::optional<double> number = table.number(cell);
  return number == 0.0 || number == 1.0 ? std::optional(static_cast<float>(*number)) : std::nullopt;
}

/// One reading of a table: from its lines to patches.
class LabelTable {
 public:
  LabelTable(const fs::path& path, const std::vector<fs::path>& images, const std::vector<std::string>& wanted, PatchTally& tally)
      : path_(path), table_(core::CsvTable::read(path)), images_(path.parent_path(), images), wanted_(wanted), tally_(tally) {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      const std::string& column = table_.columns[i];
      if (column.empty()) throw core::UsageError(path.string() + ": column " + std::to_string(i + 1) + " has no name");
      if (is_one_of(column, {"file", "filename", "image"}) && !file_) file_ = i;
    }
    table_.refuse_repeated_columns();
    if (!file_) throw core::UsageError(path.string() + ": its first line names no column 'file'; write file,CLASS,CLASS,… or file,label");
    if (table_.columns.size() < 2)
      throw core::UsageError(path.string() +
                             ": has no column for a class; add one for each: file,CLASS,CLASS,…; or one for all: file,label");
    has_names_ = table_.columns.size() == 2 && names_labels(table_.columns[1 - *file_]);
  }

  LabelledPatches read() {
    const ClassOrder match = has_names_ ? read_names() : read_columns();
    result_.note = match.note;
    result_.classes = static_cast<int>(result_.class_names.size());
    for (const core::CsvTable::Row& row : table_.rows) take(row, match);
    for (const fs::path& image : order_) add_labelled(result_, image, std::move(lines_.at(image).labels), tally_);
    if (!unlabelled_.empty()) tally_.unusable("without a label", lack_of_labels(), unlabelled_.size());
    if (repeated_ > 0) tally_.leave_out("in lines of labels.csv that repeat another", repeated_);
    if (images_.unnamed() > 0) tally_.leave_out("not listed in labels.csv", images_.unnamed());
    return std::move(result_);
  }

 private:
  struct Line {
    int number;
    std::vector<float> labels;
  };

  ClassOrder read_columns() {
    std::vector<std::string> names = table_.columns;
    names.erase(names.begin() + static_cast<std::ptrdiff_t>(*file_));
    if (const auto label = std::ranges::find_if(names, names_labels); label != names.end() && !is_in(wanted_, *label)) {
      throw core::UsageError(path_.string() + ": has a column '" + *label +
                             "' and others; write file,label alone, or a column of 0 and 1 for each class: file,CLASS,CLASS,…");
    }
    ClassOrder match = match_names(path_.string(), names, wanted_, false);
    result_.class_names = wanted_.empty() ? names : wanted_;
    return match;
  }

  /// The classes are those of dataset.toml or --classes; without them those that the lines have.
  ClassOrder read_names() {
    for (const core::CsvTable::Row& row : table_.rows) {
      for (const std::string& label : split(row.fields[1 - *file_], kSeparators)) {
        if (label.find(' ') == std::string::npos) single_words_.insert(label);
      }
    }
    result_.class_names = wanted_;
    if (wanted_.empty()) {
      for (const core::CsvTable::Row& row : table_.rows) {
        for (const std::string& label : labels_of(row))
          if (!is_in(result_.class_names, label)) result_.class_names.push_back(label);
      }
      std::ranges::sort(result_.class_names);
    }
    return match_names(path_.string(), result_.class_names, {}, false);
  }

  /// Words with blanks between them are several labels where each of them is a class: "TUM STR", but not "normal mucosa".
  std::vector<std::string> labels_of(const core::CsvTable::Row& row) const {
    std::vector<std::string> labels;
    for (const std::string& label : split(row.fields[1 - *file_], kSeparators)) {
      std::vector<std::string> words = split(label, " ");
      const bool is_one = words.size() == 1 || is_in(wanted_, label) || !std::ranges::all_of(words, [&](const std::string& word) {
                            return wanted_.empty() ? single_words_.contains(word) : is_in(wanted_, word);
                          });
      if (is_one) words.assign(1, label);
      labels.insert(labels.end(), words.begin(), words.end());
    }
    return labels;
  }

  void take(const core::CsvTable::Row& row, const ClassOrder& match) {
    const std::string& name = row.fields[*file_];
    if (name.empty()) return tally_.refuse(table_.where(row) + ": no file is named");
    std::optional<std::vector<float>> labels = has_names_ ? named_labels(row) : column_labels(row, match);
    if (!labels) return;
    const auto [image, problem, kind] = images_.find(name);
    if (!problem.empty() && kind.empty()) return tally_.refuse(table_.where(row) + ": " + problem);
    if (!problem.empty()) return tally_.unusable(kind, table_.where(row) + ": " + problem);
    if (labels->empty()) return unlabelled_.push_back(name);
    const auto [line, is_new] = lines_.try_emplace(image, Line{row.line, *labels});
    if (is_new) {
      order_.push_back(image);
    } else if (has_names_) {
      for (std::size_t c = 0; c < labels->size(); ++c) line->second.labels[c] = std::max(line->second.labels[c], (*labels)[c]);
    } else if (line->second.labels == *labels) {
      ++repeated_;
    } else {
      tally_.refuse(table_.where(row) + ": " + name + " has other labels than in line " + std::to_string(line->second.number) +
                    "; delete the wrong line");
    }
  }

  /// Empty where the line waits for its labels, nothing where it is refused.
  std::optional<std::vector<float>> column_labels(const core::CsvTable::Row& row, const ClassOrder& match) {
    std::vector<float> labels(row.fields.size() - 1);
    bool is_labelled = true;
    for (std::size_t i = 0; i < row.fields.size(); ++i) {
      if (i == *file_) continue;
      const std::optional<float> label = presence(table_, row.fields[i]);
      is_labelled = is_labelled && !row.fields[i].empty();
      if (label) {
        labels[match.order[i - (i > *file_ ? 1 : 0)]] = *label;
      } else if (!row.fields[i].empty()) {
        tally_.refuse(table_.where(row) + ": label '" + row.fields[i] + "' of " + table_.columns[i] + " is neither 0 nor 1");
        return {};
      }
    }
    return is_labelled ? labels : std::vector<float>{};
  }

  std::optional<std::vector<float>> named_labels(const core::CsvTable::Row& row) {
    const std::vector<std::string> names = labels_of(row);
    if (names.empty()) return std::vector<float>{};
    std::vector<float> labels(result_.class_names.size(), 0.0F);
    for (const std::string& name : names) {
      const auto same = std::ranges::find_if(result_.class_names, [&](const std::string& other) { return core::same_name(other, name); });
      if (same == result_.class_names.end()) {
        tally_.refuse(table_.where(row) + ": label '" + name + "' is none of the classes " + core::joined(result_.class_names));
        return {};
      }
      labels[static_cast<std::size_t>(same - result_.class_names.begin())] = 1;
    }
    return labels;
  }

  /// One line for all images that wait for their labels, as `tile` leaves them.
  std::string lack_of_labels() const {
    const std::size_t count = unlabelled_.size(), of = count + order_.size();
    return path_.string() + ": " + std::to_string(count) + " of " + std::to_string(of) + (of == 1 ? " image lacks" : " images lack") +
           " labels; fill in " + (has_names_ ? "the class" : "0 or 1 in each column") +
           ", or delete the line: " + core::joined_first(unlabelled_);
  }

  static constexpr std::string_view kSeparators = ";|,";

  const fs::path& path_;
  core::CsvTable table_;
  TableImages images_;
  const std::vector<std::string>& wanted_;
  PatchTally& tally_;
  std::optional<std::size_t> file_;  ///< its column
  bool has_names_ = false;           ///< file,label instead of a column for each class
  std::set<std::string> single_words_;
  std::map<fs::path, Line> lines_;
  std::vector<fs::path> order_;  ///< of the images in the table
  std::vector<std::string> unlabelled_;
  std::size_t repeated_ = 0;
  LabelledPatches result_;
};

}  // namespace

LabelledPatches labels_from_table(const fs::path& table, const std::vector<fs::path>& images, const std::vector<std::string>& wanted,
                                  PatchTally& tally) {
  return LabelTable(table, images, wanted, tally).read();
}

}  // namespace wsi_lpd::pipeline::training
