#include "tile_store.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

constexpr std::size_t kBits = 8;

struct Header {
  core::Tile tile;
  bool readable;
  float focus, stain_distance, feature_distance;
  std::uint64_t glass;  ///< pixels
};

[[noreturn]] void fail(const std::filesystem::path& folder) {
  throw core::Error(folder.string() + ": the tiles of the first look can't be kept there: " + std::strerror(errno));
}

std::vector<std::uint8_t> bits_of(std::span<const std::uint8_t> pixels) {
  std::vector<std::uint8_t> bits((pixels.size() + kBits - 1) / kBits);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    if (pixels[i]) bits[i / kBits] |= static_cast<std::uint8_t>(1U << (i % kBits));
  return bits;
}

}  // namespace

TileStore::TileStore(const std::filesystem::path& folder) : folder_(folder) {
  const std::filesystem::path path = core::part_path(folder / "tiles");
  file_.open(path, std::ios::in | std::ios::out | std::ios::binary | std::ios::trunc);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  if (!file_) fail(folder_);
}

template <class T>
void TileStore::write(std::span<const T> values) {
  const std::uint64_t count = values.size();
  file_.write(reinterpret_cast<const char*>(&count), sizeof count);
  file_.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
}

template <class T>
void TileStore::read(std::vector<T>& values) {
  std::uint64_t count = 0;
  file_.read(reinterpret_cast<char*>(&count), sizeof count);
  if (!file_) fail(folder_);
  values.resize(count);
  file_.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T)));
}

void TileStore::add(const SeenTile& seen) {
  const Header header{seen.tile, seen.readable, seen.focus, seen.stain_distance, seen.feature_distance, seen.glass.size()};
  file_.write(reinterpret_cast<const char*>(&header), sizeof header);
  write<std::uint8_t>(bits_of(seen.glass));
  for (const std::span<const float>& values : {seen.maps, seen.score_maps, seen.scores, seen.prototypes, seen.features}) write(values);
  if (!file_) fail(folder_);
  ++tiles_;
}

const SeenTile* TileStore::next() {
  if (given_ == tiles_) return nullptr;
  if (given_++ == 0) {
    file_.seekg(0);
    if (!file_) fail(folder_);
  }
  Header header{};
  file_.read(reinterpret_cast<char*>(&header), sizeof header);
  read(bits_);
  for (std::vector<float>* values : {&maps_, &score_maps_, &scores_, &prototypes_, &features_}) read(*values);
  if (!file_) fail(folder_);
  glass_.resize(header.glass);
  for (std::size_t i = 0; i < glass_.size(); ++i) glass_[i] = bits_[i / kBits] >> (i % kBits) & 1U;
  seen_ = {header.tile, header.readable, header.focus, header.stain_distance, header.feature_distance, glass_, maps_, score_maps_,
           scores_,     prototypes_,     features_};
  return &seen_;
}

}  // namespace wsi_lpd::pipeline::segment
