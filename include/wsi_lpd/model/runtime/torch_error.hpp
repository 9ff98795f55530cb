#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <c10/util/Exception.h>

#include <string>
#include <utility>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::runtime {

/// Runs `action`. An exception of LibTorch becomes an Error with `context` and the first line of its message, without the stack trace.
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
