#include "tiff_pyramid.hpp"

#include <algorithm>
#include <cstring>
#include <list>
#include <map>
#include <mutex>

#include "sample_depth.hpp"
#include "tiff_slide.hpp"
#include "tile_colours.hpp"
#include "vips.hpp"
#include "wsi_lpd/core/file_identity.hpp"

namespace wsi_lpd::image {
namespace {

constexpr std::uint32_t kDepthTiles = 64;                   ///< looked at on opening a slide of 16 bits
constexpr std::size_t kCacheBytes = std::size_t{64} << 20;  ///< of decoded tiles

using Tile = std::shared_ptr<const core::Image>;

/// The last used tiles, all threads'. Thread-safe.
class TileCache {
 public:
  using Key = std::pair<int, std::uint32_t>;  ///< level, tile

  Tile find(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return {};
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->second;
  }
  void add(const Key& key, const Tile& tile) {
    const std::lock_guard lock(mutex_);
    if (places_.contains(key)) return;
    entries_.emplace_front(key, tile);
    places_[key] = entries_.begin();
    bytes_ += tile->bytes();
    while (bytes_ > kCacheBytes && entries_.size() > 1) {
      bytes_ -= entries_.back().second->bytes();
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
  }

 private:
  std::mutex mutex_;
  std::list<std::pair<Key, Tile>> entries_;  ///< the last used first
  std::map<Key, decltype(entries_)::iterator> places_;
  std::size_t bytes_ = 0;
};

/// libtiff's state for one level, used by one read at a time.
class LevelHandle {
 public:
  LevelHandle(const std::filesystem::path& path, const TiffPage& page) : page_(page), file_("reading " + path.string(), path, "rm") {
    file_.check(TIFFSetSubDirectory(file_.get(), page.offset) != 0, "has a damaged directory");
    if (page.compression == COMPRESSION_JPEG) TIFFSetField(file_.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    colours_.emplace(file_, page);
  }

  /// One tile, as wide and high as the file's tiles are. A tile that was never written is white.
  core::Image decode(std::uint32_t index) {
    core::Image rgb(page_.tile.width, page_.tile.height, 3, 255);
    if (!is_written(index)) return rgb;
    if (page_.jpeg2000()) {
      decode_jpeg2000(index, rgb);
    } else {
      colours_->to_rgb(decode_samples(index), page_.tile.area(), rgb.data());
    }
    return rgb;
  }

  /// Of the colours' samples, all of which have 16 bits.
  std::uint32_t largest_sample(std::uint32_t index) {
    if (!is_written(index)) return 0;
    const Samples from = decode_samples(index);
    std::uint16_t largest = 0;
    for (std::int64_t i = 0; i < page_.tile.area(); ++i) {
      for (int c = 0; c < (page_.colour() ? 3 : 1); ++c) {
        std::uint16_t value = 0;
        std::memcpy(&value, from.data + 2 * (i * from.pixel_step + c * from.channel_step), 2);
        largest = std::max(largest, value);
      }
    }
    return largest;
  }

 private:
  bool is_written(std::uint32_t index) const {
    return TIFFGetStrileByteCount(file_.get(), index) != 0 || TIFFGetStrileOffset(file_.get(), index) != 0;
  }

  /// Good until the next call.
  Samples decode_samples(std::uint32_t index) {
    const bool separate = page_.planes == PLANARCONFIG_SEPARATE && page_.samples > 1;
    const std::uint32_t planes = separate ? page_.samples : 1;
    const std::uint32_t tiles = TIFFNumberOfTiles(file_.get()) / planes;
    const std::uint64_t tile_bytes = TIFFTileSize64(file_.get());
    const std::uint64_t pixels = static_cast<std::uint64_t>(page_.tile.area());
    const std::uint64_t samples = separate ? 1 : page_.samples;
    file_.check(tile_bytes == pixels * samples * page_.bits / 8, "has tiles of a strange length");
    bytes_.resize(tile_bytes * planes);
    for (std::uint32_t plane = 0; plane < planes; ++plane) {
      const tmsize_t read =
          TIFFReadEncodedTile(file_.get(), index + plane * tiles, bytes_.data() + plane * tile_bytes, static_cast<tmsize_t>(tile_bytes));
      file_.check(read == static_cast<tmsize_t>(tile_bytes), "a tile can't be decoded");
    }
    return separate ? Samples{bytes_.data(), 1, page_.tile.area()} : Samples{bytes_.data(), page_.samples, 1};
  }

  void decode_jpeg2000(std::uint32_t index, core::Image& rgb) {
    const std::uint64_t length = TIFFGetStrileByteCount(file_.get(), index);
    file_.check(page_.bits == 8 && (page_.planes == PLANARCONFIG_CONTIG || page_.samples == 1) &&
                    length <= std::uint64_t{4} * page_.samples * static_cast<std::uint64_t>(page_.tile.area()) + 65536,
                "has JPEG 2000 tiles of a kind that is not read");
    bytes_.resize(length);
    const tmsize_t read = TIFFReadRawTile(file_.get(), index, bytes_.data(), static_cast<tmsize_t>(length));
    file_.check(read == static_cast<tmsize_t>(length), "a tile can't be read");
    const vips::VSource source = vips::VSource::new_from_memory(bytes_.data(), bytes_.size());
    const vips::VImage tile = vips::VImage::jp2kload_source(source, vips::VImage::option()->set("fail_on", VIPS_FAIL_ON_ERROR));
    file_.check(tile.bands() == page_.samples && tile.format() == VIPS_FORMAT_UCHAR,
                "has a JPEG 2000 tile with other samples than the image's");
    file_.check(std::int64_t{tile.width()} * tile.height() <= 4 * page_.tile.area(), "has a JPEG 2000 tile that is larger than its tiles");
    const core::Image samples = to_image(tile);
    const std::int64_t columns = std::min(samples.width(), rgb.width());  // writers may cut the tiles at the image's edges
    for (std::int64_t y = 0; y < std::min(samples.height(), rgb.height()); ++y)
      colours_->to_rgb({samples.at(0, y), samples.channels(), 1}, columns, rgb.at(0, y));
  }

  const TiffPage& page_;
  TiffFile file_;
  std::optional<TileColours> colours_;
  std::vector<std::uint8_t> bytes_;
};

class TiledTiff : public PyramidFile {
 public:
  /// `slide` is what find_slide says of `file`, which `identity` was before it was opened.
  TiledTiff(const std::filesystem::path& path, core::FileIdentity identity, const TiffFile& file, TiffSlide slide)
      : identity_(std::move(identity)) {
    for (TiffPage& page : slide.levels) {
      file.check(TIFFSetSubDirectory(file.get(), page.offset) != 0, "has a damaged directory");
      check_pixels(file, page);
      info_.levels.push_back(page.size);
      pages_.push_back(std::move(page));
    }
    info_.path = path;
    describe_tiff(file, pages_.front(), slide.description, info_);
    if (!slide.rivals.empty()) file.refuse(slide.rivals);
    add_note(info_, slide.note);
    if (const TiffPage& page = pages_.front(); page.unwritten > 0)
      add_note(info_,
               std::to_string(page.unwritten) + " of its " + std::to_string(page.parts) + " tiles were never written: they are white");
    if (pages_.front().bits == 16) find_depth();
    handles_.resize(pages_.size());
  }

  void read(int level, const core::Rect& region, core::ImageView<std::uint8_t> target) const override {
    const TiffPage& page = pages_.at(static_cast<std::size_t>(level));
    const std::int64_t across = core::divide_up(page.size.width, page.tile.width);
    for (std::int64_t row = region.y / page.tile.height; row * page.tile.height < region.bottom(); ++row) {
      for (std::int64_t column = region.x / page.tile.width; column * page.tile.width < region.right(); ++column) {
        const core::Rect tile{column * page.tile.width, row * page.tile.height, page.tile.width, page.tile.height};
        const core::Rect part = core::intersection(tile, region);
        const Tile pixels = this->tile(level, static_cast<std::uint32_t>(row * across + column));
        for (std::int64_t y = part.y; y < part.bottom(); ++y)
          std::copy_n(pixels->at(part.x - tile.x, y - tile.y), part.width * 3, target.at(part.x - region.x, y - region.y));
      }
    }
  }

 private:
  /// By tiles all over the coarsest level and the finest.
  void find_depth() {
    std::uint32_t largest = 0;
    for (const TiffPage* page : {&pages_.back(), &pages_.front()}) largest = std::max(largest, largest_sample(*page));
    const SampleDepth depth = depth_of(info_.significant_bits, largest);
    for (TiffPage& page : pages_) page.used_bits = depth.bits;
    add_note(info_, depth.note);
  }

  std::uint32_t largest_sample(const TiffPage& page) const {
    LevelHandle handle(info_.path, page);
    const auto tiles =
        static_cast<std::uint32_t>(core::divide_up(page.size.width, page.tile.width) * core::divide_up(page.size.height, page.tile.height));
    std::uint32_t largest = 0;
    for (std::uint32_t i = 0; i < std::min(tiles, kDepthTiles); ++i) {
      // Steps of the golden ratio of all tiles, so that the tiles looked at do not stand in one column.
      const std::uint64_t hash = (std::uint64_t{i} * 2654435769U) & UINT32_MAX;
      const std::uint64_t spread = (hash * tiles) >> 32U;
      try {
        largest = std::max(largest, handle.largest_sample(tiles <= kDepthTiles ? i : static_cast<std::uint32_t>(spread)));
      } catch (const core::Error&) {  // told when it is to be shown
      }
    }
    return largest;
  }

  Tile tile(int level, std::uint32_t index) const {
    if (Tile known = cache_.find({level, index})) return known;
    return with_vips("reading", info_.path, [&] {
      std::unique_ptr<LevelHandle> handle = lease(level);
      auto decoded = std::make_shared<const core::Image>(handle->decode(index));  // a handle that failed is not given back
      cache_.add({level, index}, decoded);
      const std::lock_guard lock(mutex_);
      handles_[static_cast<std::size_t>(level)].push_back(std::move(handle));
      return decoded;
    });
  }

  std::unique_ptr<LevelHandle> lease(int level) const {
    {
      const std::lock_guard lock(mutex_);
      auto& idle = handles_[static_cast<std::size_t>(level)];
      if (!idle.empty()) {
        std::unique_ptr<LevelHandle> handle = std::move(idle.back());
        idle.pop_back();
        return handle;
      }
    }
    identity_.check();
    return std::make_unique<LevelHandle>(info_.path, pages_[static_cast<std::size_t>(level)]);
  }

  core::FileIdentity identity_;
  std::vector<TiffPage> pages_;  ///< of the levels
  mutable TileCache cache_;
  mutable std::mutex mutex_;
  mutable std::vector<std::vector<std::unique_ptr<LevelHandle>>> handles_;  ///< idle ones, by level
};

}  // namespace

std::unique_ptr<PyramidFile> open_tiled_tiff(const std::filesystem::path& path) {
  core::FileIdentity identity(path);
  const TiffFile file("reading " + path.string(), path, "rm");
  TiffSlide slide = find_slide(file);
  if (!slide.levels.front().tiled) return nullptr;
  return std::make_unique<TiledTiff>(path, std::move(identity), file, std::move(slide));
}

}  // namespace wsi_lpd::image
