#pragma once
// Private to pipeline/: tiles that were seen, kept until they are wanted again.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "tile_sink.hpp"

namespace wsi_lpd::pipeline::segment {

/// Tiles in a file, in the order in which they came, to be read once from the first to the last. The file has no name while it is in use
/// and is gone with the store, however the process ends. Glass is kept as bits. Not thread-safe.
class TileStore : public TileSink {
 public:
  /// Makes the file in `folder`. Throws Error.
  explicit TileStore(const std::filesystem::path& folder);
  /// Throws Error: the disk is full. Only before the first next().
  void add(const SeenTile& seen) override;
  /// The next tile, or null behind the last. It is valid until the next call. Throws Error.
  const SeenTile* next();

 private:
  template <class T>
  void write(std::span<const T> values);
  template <class T>
  void read(std::vector<T>& values);

  std::filesystem::path folder_;
  std::fstream file_;
  std::size_t tiles_ = 0, given_ = 0;
  SeenTile seen_;
  std::vector<std::uint8_t> glass_, bits_;
  std::vector<float> maps_, score_maps_, scores_, prototypes_, features_;
};

}  // namespace wsi_lpd::pipeline::segment
