#pragma once
#include <stdexcept>
#include <string>
#include <utility>

namespace wsi_lpd {

/// The one exception of the library. `what()` is a single line: what failed, on which file, why, and what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Wrong usage or configuration, found before anything was started or written.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// The user asked to stop. Temporary files are gone when this reaches the caller.
class Cancelled : public Error {
 public:
  Cancelled() : Error("stopped by the user") {}
};

/// `what` with `context + ": "` in front, unless it names the context already.
inline std::string in_context(const std::string& context, const std::string& what) {
  return what.find(context) == std::string::npos ? context + ": " + what : what;
}

/// Runs `action`; an Error that leaves it is put in_context, other exceptions pass unchanged.
template <class Action>
decltype(auto) with_context(const std::string& context, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const Cancelled&) {
    throw;
  } catch (const UsageError& error) {
    throw UsageError(in_context(context, error.what()));
  } catch (const Error& error) {
    throw Error(in_context(context, error.what()));
  }
}

}  // namespace wsi_lpd
