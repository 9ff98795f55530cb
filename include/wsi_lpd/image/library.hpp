#pragma once
#include <string>
#include <utility>
#include <vector>

namespace wsi_lpd::image {

/// Starts libvips once for the whole process; every function of this layer that needs libvips calls it. Effects on the process: libvips
/// gets one worker thread per operation, because the pipeline has the threads. libvips' cache of operations is off, because a cached
/// operation would keep its pixels. libtiff's global handlers of errors and warnings are removed, for OpenSlide's use of libtiff as well,
/// and so are libvips' log messages: what matters reaches the caller as an Error. Throws Error when libvips can't start. Thread-safe.
void initialise();
/// "libvips 8.14.1": the library in use.
std::string library_version();
/// The formats that this program needs, and whether libvips was built with them. Thread-safe.
std::vector<std::pair<std::string, bool>> codecs();

}  // namespace wsi_lpd::image
