#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <c10/util/Exception.h>

#include <string>
#include <utility>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::runtime {

/// Runs `action`; what LibTorch throws becomes an Error of one line, without its dump of the stack.
template <class Action>
decltype(auto) with_torch_errors(const std::string& context, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    throw core::Error(context + ": " + text.substr(0, text.find('\n')));
  }
}

}  // namespace wsi_lpd::model::runtime
