#pragma once
#include <optional>
#include <string>
#include <vector>

namespace wsi_lpd::pipeline::training {

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

/// Where the classes `found` in `where` are among `wanted`, by name but for the case of letters; as they stand where none are wanted.
/// Throws UsageError with both lists: a class that is not wanted or, unless they `may_lack`, one that is not found.
ClassOrder match_names(const std::string& where, const std::vector<std::string>& found, const std::vector<std::string>& wanted,
                       bool may_lack);

}  // namespace wsi_lpd::pipeline::training
