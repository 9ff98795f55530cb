#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <c10/util/Exception.h>

#include <string>
#include <utility>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::runtime {

/// What a message of LibTorch says, in a line: its first one or, of TorchScript's, which say where in the module before they say what, the
/// last one.
inline std::string first_cause(const std::string& message) {
  if (!message.starts_with("The following operation failed in the TorchScript interpreter")) return message.substr(0, message.find('\n'));
  const std::size_t end = message.find_last_not_of(" \n");
  const std::size_t begin = message.rfind('\n', end);
  return message.substr(begin + 1, end - begin);
}

/// Runs `action`. An exception of LibTorch becomes an Error with `context` and first_cause() of its message, without the stack trace.
template <class Action>
decltype(auto) with_torch_errors(const std::string& context, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const c10::Error& error) {
    throw core::Error(context + ": " + first_cause(error.what_without_backtrace()));
  }
}

}  // namespace wsi_lpd::model::runtime
