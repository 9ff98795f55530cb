#pragma once
#include <vector>

#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::slide {

/// Reads regions of the output frame. It picks the coarsest level that is at least as fine as the output and averages areas of it.
/// Thread-safe. Keeps a reference to the reader, which must outlive it.
class FrameReader {
 public:
  FrameReader(const Reader& reader, const core::Frame& frame);
  int level() const { return level_; }
  /// Level pixels that a read of `region` (output pixels) decodes.
  std::int64_t cost(const core::Rect& region) const;
  /// RGB of `region` (output pixels) into `target` of the same size; past the frame's edge stands the background colour.
  void read(const core::Rect& region, core::ImageView<std::uint8_t> target) const;
  /// The same for a region within the frame, in pieces so that it needs little more memory. What can't be decoded shows the background
  /// colour; `unreadable`, if given, gets those parts (output pixels), as small as halving finds them, down to 128 pixels a side.
  void read_readable(const core::Rect& region, core::ImageView<std::uint8_t> target, std::vector<core::Rect>* unreadable = nullptr) const;

 private:
  core::Rect level_region(const core::Rect& region) const;
  const Reader& reader_;
  core::Frame frame_;
  int level_ = 0;
};

/// The slide's bounds at a size whose longer side is at most `longest` pixels, read in pieces so that a slide without a pyramid needs no
/// more memory. What can't be decoded is treated as by FrameReader::read_readable(); `unreadable` is in thumbnail pixels. Thread-safe.
core::Image thumbnail(const Reader& reader, std::int64_t longest, std::vector<core::Rect>* unreadable = nullptr);

}  // namespace wsi_lpd::slide
