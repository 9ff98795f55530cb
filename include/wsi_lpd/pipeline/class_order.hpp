#pragma once
#include <optional>
#include <string>
#include <vector>

namespace wsi_lpd::pipeline {

/// Where the classes `mine` are among `others`: others[order[i]] is mine[i]. Nothing where the two are not the same names.
std::optional<std::vector<std::size_t>> class_order(const std::vector<std::string>& mine, const std::vector<std::string>& others);

/// How the classes of a folder of patches go with a model's.
struct ClassOrder {
  std::vector<std::size_t> order;  ///< class i of the folder is the model's order[i]
  std::string note;                ///< one line, where that was not plain: another order, or no names to go by; else empty
};

/// Matches by name. Where the folder or the model has no names (none, or "class1", "class2", …), the classes are taken as they stand.
/// `count` is the folder's number of classes, 0 where it is not known. Throws UsageError with both lists: another number, other names.
ClassOrder match_classes(const std::string& folder, int count, const std::vector<std::string>& names,
                         const std::vector<std::string>& model);

}  // namespace wsi_lpd::pipeline
