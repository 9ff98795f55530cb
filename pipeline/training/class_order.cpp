#include "wsi_lpd/pipeline/training/class_order.hpp"

#include <algorithm>
#include <numeric>

#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

/// "class1", "class2", … stand in where nobody gave names.
bool are_names(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != "class" + std::to_string(i + 1)) return true;
  }
  return false;
}

}  // namespace

std::optional<std::vector<std::size_t>> class_order(const std::vector<std::string>& mine, const std::vector<std::string>& others) {
  if (!std::is_permutation(mine.begin(), mine.end(), others.begin(), others.end())) return {};
  std::vector<std::size_t> order;
  order.reserve(mine.size());
  for (const std::string& name : mine)
    order.push_back(static_cast<std::size_t>(std::find(others.begin(), others.end(), name) - others.begin()));
  return order;
}

ClassOrder match_classes(const std::string& folder, int count, const std::vector<std::string>& names,
                         const std::vector<std::string>& model) {
  const std::size_t classes = !names.empty() ? names.size() : count > 0 ? static_cast<std::size_t>(count) : model.size();
  const bool named = are_names(names), model_named = are_names(model);
  if (classes != model.size() || (named && model_named && !class_order(names, model))) {
    const auto listed = [](const std::vector<std::string>& list) { return list.empty() ? "" : " (" + core::joined(list) + ")"; };
    throw core::UsageError(folder + ": its images have " + std::to_string(classes) + " classes" + listed(names) + ", the model has " +
                           std::to_string(model.size()) + listed(model) + ": the same names are wanted, in any order");
  }
  ClassOrder result;
  result.order.resize(classes);
  std::iota(result.order.begin(), result.order.end(), std::size_t{0});
  if (named && model_named) {
    result.order = *class_order(names, model);
    if (names != model)
      result.note = folder + ": its classes come in another order (" + core::joined(names) + ") than the model's (" + core::joined(model) +
                    "): they are matched by name";
  } else if (named) {
    result.note = folder + ": the model does not name its classes, which are taken in the order of the folder's: " + core::joined(names);
  } else if (model_named) {
    result.note = folder + ": does not name its classes, which are taken in the order of the model's: " + core::joined(model) +
                  "; dataset.toml can name them";
  }
  return result;
}

ClassOrder match_names(const std::string& where, const std::vector<std::string>& found, const std::vector<std::string>& wanted,
                       bool may_lack) {
  ClassOrder result;
  result.order.resize(found.size());
  std::iota(result.order.begin(), result.order.end(), std::size_t{0});
  if (wanted.empty()) return result;
  bool fits = may_lack || found.size() == wanted.size();
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto same = std::ranges::find_if(wanted, [&](const std::string& name) { return core::same_name(name, found[i]); });
    result.order[i] = static_cast<std::size_t>(same - wanted.begin());
    fits = fits && same != wanted.end();
  }
  if (!fits) {
    throw core::UsageError(where + ": has the classes " + core::joined(found) + ", and dataset.toml or --classes " + core::joined(wanted) +
                           ": the same names are wanted, in any order");
  }
  if (!may_lack && !std::ranges::is_sorted(result.order)) {
    result.note = where + ": its classes come in another order (" + core::joined(found) + ") than those of dataset.toml or --classes (" +
                  core::joined(wanted) + "): they are matched by name";
  }
  return result;
}

}  // namespace wsi_lpd::pipeline::training
