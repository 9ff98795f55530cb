#include "hdf5.hpp"

namespace wsi_lpd::output {
namespace {

std::mutex& hdf5_mutex() {
  static std::mutex mutex;
  return mutex;
}

herr_t note_innermost(unsigned, const H5E_error2_t* error, void* reason) {
  const std::string text = error->desc ? error->desc : "";
  // "file write failed: time = …, errno = 28, error message = 'No space left on device', buf = …"
  const std::string system = "error message = '";
  const std::size_t at = text.find(system);
  const std::size_t start = at == std::string::npos ? 0 : at + system.size();
  *static_cast<std::string*>(reason) = text.substr(start, text.find('\'', start) - start);
  return 1;  // no further
}

herr_t note(hid_t stack, void* data) {
  auto& reason = *static_cast<std::string*>(data);
  if (reason.empty()) H5Ewalk2(stack, H5E_WALK_UPWARD, note_innermost, &reason);
  return 0;
}

}  // namespace

Hdf5Session::Hdf5Session() : lock_(hdf5_mutex()) {
  H5Eget_auto2(H5E_DEFAULT, &printer_, &printer_data_);
  H5Eset_auto2(H5E_DEFAULT, note, &reason_);
}

Hdf5Session::~Hdf5Session() { H5Eset_auto2(H5E_DEFAULT, printer_, printer_data_); }

}  // namespace wsi_lpd::output
