#include "wsi_lpd/image/raster_writer.hpp"

#include <algorithm>
#include <utility>

#include "ome_xml_writer.hpp"
#include "pyramid_level.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::image {
namespace {

constexpr std::int64_t kMaxSide = INT32_MAX;

}  // namespace

struct RasterWriter::Impl {
  struct Plane {
    std::vector<PyramidLevel> levels;               ///< refer to `options`
    std::vector<std::vector<std::uint8_t>> halves;  ///< a row of each lower level
  };

  Impl(const std::filesystem::path& path, core::Size size_, int channels_, PyramidOptions options_)
      : size(size_), channels(channels_), options(std::move(options_)), doing("writing " + path.string()) {
    check_arguments();
    if (options.ome) options.description = write_ome_xml(*options.ome, size, options.mpp, options.description);
    planes.resize(options.ome ? options.ome->channels.size() : 1);
    for (std::size_t plane = 0; plane < planes.size(); ++plane) open(path, static_cast<int>(plane));
  }

  void open(const std::filesystem::path& path, int plane) {
    const std::vector<core::Size> sizes = pyramid_sizes(size, options.tile);
    auto& [levels, halves] = planes[static_cast<std::size_t>(plane)];
    for (std::size_t level = 0; level < sizes.size(); ++level) {
      parts.emplace_back(path);
      const bool has_subifds = options.ome && level == 0;
      levels.emplace_back(doing, parts.back().path(),
                          PyramidPage{plane, static_cast<int>(level), static_cast<std::uint16_t>(has_subifds ? sizes.size() - 1 : 0)},
                          sizes[level], channels, options);
      if (level > 0) halves.emplace_back(static_cast<std::size_t>(sizes[level].width * channels));
    }
  }

  [[noreturn]] void fail(const std::string& why) const { throw core::Error(doing + ": " + why); }

  void check_arguments() const {
    if (channels != 1 && channels != 3) fail("a raster has 1 or 3 channels, not " + std::to_string(channels));
    if (size.width < 1 || size.height < 1 || std::max(size.width, size.height) > kMaxSide) {
      fail("a raster of " + std::to_string(size.width) + " x " + std::to_string(size.height) + " pixels cannot be written");
    }
    if (options.tile < 16 || options.tile % 16 != 0) fail("tiles of " + std::to_string(options.tile) + " pixels are not a multiple of 16");
    if (!options.palette.empty() && (channels != 1 || options.palette.size() > 256)) fail("the colour map does not fit the raster");
    if (channels == 1 && options.compression == PyramidOptions::Compression::Jpeg) fail("JPEG would change labels");
    if (options.ome && (channels != 1 || options.ome->channels.empty())) fail("OME-TIFF is written with planes of one channel");
  }

  static void add_row(Plane& plane, std::size_t level, const std::uint8_t* row) {
    auto& [levels, halves] = plane;
    if (!levels[level].add_row(row) || level + 1 == levels.size()) return;
    levels[level].reduce(halves[level].data());
    add_row(plane, level + 1, halves[level].data());
  }

  core::Size size;
  int channels;
  PyramidOptions options;
  std::string doing;
  std::vector<core::PartFile> parts;  ///< the target, then the temporary of every other page; outlive `planes`, which have them open
  std::vector<Plane> planes;
};

std::vector<core::Size> pyramid_sizes(core::Size size, int tile) {
  std::vector<core::Size> sizes{size};
  while (std::max(sizes.back().width, sizes.back().height) > tile)
    sizes.push_back({core::divide_up(sizes.back().width, 2), core::divide_up(sizes.back().height, 2)});
  return sizes;
}

RasterWriter::RasterWriter(const std::filesystem::path& path, core::Size size, int channels, PyramidOptions options)
    : impl_(std::make_unique<Impl>(path, size, channels, std::move(options))) {}
RasterWriter::RasterWriter(RasterWriter&&) noexcept = default;
RasterWriter::~RasterWriter() = default;

void RasterWriter::add_rows(const std::uint8_t* pixels, std::int64_t rows) {
  if (rows > impl_->size.height - rows_written()) impl_->fail("more rows than the raster is high");
  for (Impl::Plane& plane : impl_->planes) {
    for (std::int64_t y = 0; y < rows; ++y, pixels += impl_->size.width * impl_->channels) Impl::add_row(plane, 0, pixels);
  }
}

std::int64_t RasterWriter::rows_written() const { return impl_->planes.back().levels.front().rows(); }

void RasterWriter::finish() {
  if (rows_written() != impl_->size.height) {
    impl_->fail("only " + std::to_string(rows_written()) + " of " + std::to_string(impl_->size.height) + " rows were added");
  }
  const PyramidLevel* first = &impl_->planes.front().levels.front();
  TiffFile& target = impl_->planes.front().levels.front().file();
  for (Impl::Plane& plane : impl_->planes) {
    for (PyramidLevel& level : plane.levels) {
      if (&level != first) level.append_to(target);
    }
  }
  target.close();
  impl_->parts.front().commit();
  impl_->parts.clear();  // the other pages' temporaries
}

}  // namespace wsi_lpd::image
