#pragma once
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace wsi_lpd::core {

/// `text` as one line of at most kLongestLine bytes: control characters, line breaks among them, become spaces, and of a longer text the
/// middle is left out. Errors and warnings quote what files hold, which may be anything. Thread-safe.
std::string one_line(std::string text);
inline constexpr std::size_t kLongestLine = 2000;

/// The one exception of the library, beside its subclasses. `what()` is a single line, see one_line(): what failed, on which file, why, and
/// what to do.
class Error : public std::runtime_error {
 public:
  explicit Error(std::string what) : std::runtime_error(one_line(std::move(what))) {}
};

/// Wrong usage or configuration. It was found before anything was started or written.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// The user asked to stop (progress.hpp). Temporary files are removed while this unwinds.
class Cancelled : public Error {
 public:
  Cancelled() : Error("stopped by the user") {}
};

/// `what` with `context + ": "` in front, unless it names the context already.
inline std::string in_context(const std::string& context, const std::string& what) {
  return what.find(context) == std::string::npos ? context + ": " + what : what;
}

/// Runs `action` and returns what it returns. An Error or UsageError that leaves `action` is thrown anew, its text in_context(). Cancelled
/// and other exceptions pass unchanged; other subclasses of Error become Error.
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

}  // namespace wsi_lpd::core
