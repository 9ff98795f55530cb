#pragma once
// Private to src/output: HDF5 behind one lock and one Error.
#include <H5Cpp.h>

#include <mutex>
#include <string>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::output {

/// While it lives: HDF5, which is not thread-safe, is this thread's alone, and what fails in it is noted instead of printed.
class Hdf5Session {
 public:
  Hdf5Session();
  Hdf5Session(const Hdf5Session&) = delete;
  Hdf5Session& operator=(const Hdf5Session&) = delete;
  ~Hdf5Session();
  /// The innermost reason of the first failure, in one line.
  const std::string& reason() const { return reason_; }

 private:
  std::unique_lock<std::mutex> lock_;
  std::string reason_;
  H5E_auto2_t printer_ = nullptr;
  void* printer_data_ = nullptr;
};

/// Runs `action` in a session; what HDF5 throws becomes Error("`doing`: reason").
template <class Action>
void with_hdf5(const std::string& doing, Action action) {
  Hdf5Session session;
  try {
    action();
  } catch (const H5::Exception& error) {
    throw core::Error(doing + ": " + (session.reason().empty() ? error.getDetailMsg() : session.reason()));
  }
}

}  // namespace wsi_lpd::output
