#pragma once
#include <optional>
#include <string>
#include <vector>

namespace wsi_lpd::pipeline::training {

/// Positions of the classes `mine` in `others`: others[order[i]] is mine[i]. Nothing if the two do not hold the same names. Thread-safe, as
/// all functions here.
std::optional<std::vector<std::size_t>> class_order(const std::vector<std::string>& mine, const std::vector<std::string>& others);

/// How the classes of a folder of patches are mapped to a model's.
struct ClassOrder {
  std::vector<std::size_t> order;  ///< class i of the folder is the model's order[i]
  std::string note;                ///< one line if the order differs or there are no names to match; else empty
};

/// Matches classes by name. If the folder or the model has no names (none, or "class1", "class2", …), the classes are matched by position.
/// `count` is the folder's number of classes, 0 if unknown. Throws UsageError with both lists when number or names differ.
ClassOrder match_classes(const std::string& folder, int count, const std::vector<std::string>& names,
                         const std::vector<std::string>& model);

/// Positions of the classes `found` in `wanted`, matched by name without regard to case; by position if `wanted` is empty. `where` names
/// the source of `found` in messages. Throws UsageError with both lists: a class that is not wanted or, unless `may_lack`, one that is not
/// found.
ClassOrder match_names(const std::string& where, const std::vector<std::string>& found, const std::vector<std::string>& wanted,
                       bool may_lack);

}  // namespace wsi_lpd::pipeline::training
