#include "wsi_lpd/output/result_reader.hpp"

#include <algorithm>

#include "hdf5.hpp"
#include "hdf5_tables.hpp"

namespace wsi_lpd::output {
namespace {

template <class T>
std::vector<T> attribute(const H5::H5Object& object, const std::string& name, std::size_t count) {
  const H5::Attribute found = object.openAttribute(name);
  if (found.getSpace().getSimpleExtentNpoints() != static_cast<hssize_t>(count)) throw core::Error("its attribute " + name + " is damaged");
  std::vector<T> values(count);
  found.read(type_of(T{}), values.data());
  return values;
}

Dimensions extent_of(const H5::DataSet& dataset, std::size_t rank) {
  const H5::DataSpace space = dataset.getSpace();
  if (space.getSimpleExtentNdims() != static_cast<int>(rank))
    throw core::Error("a dataset has another number of axes than segment gives it");
  Dimensions extent(rank);
  space.getSimpleExtentDims(extent.data());
  return extent;
}

}  // namespace

struct ResultReader::Impl {
  explicit Impl(const std::filesystem::path& path) : doing(path.string()) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    const Hdf5Session session;
    probabilities.close();
    file.reset();
  }

  void open(const std::filesystem::path& path) {
    file = std::make_unique<H5::H5File>(path.string(), H5F_ACC_RDONLY);
    probabilities = file->openDataSet("probabilities");
    const Dimensions extent = extent_of(probabilities, 3);
    classes = static_cast<int>(extent[0]);
    map = {static_cast<std::int64_t>(extent[2]), static_cast<std::int64_t>(extent[1])};
    const std::vector<std::int64_t> rect = attribute<std::int64_t>(file->openGroup("/"), "level0_bounds", 4);
    bounds = {rect[0], rect[1], rect[2], rect[3]};
    cell = attribute<double>(probabilities, "level0_pixels_per_cell", 1)[0];
    tile = static_cast<double>(attribute<std::int64_t>(file->openDataSet("coords"), "patch_size_level0", 1)[0]);
    if (!(cell > 0) || !(tile > 0)) throw core::Error("its cells or tiles have no size");
  }

  template <class T>
  std::vector<T> column(const char* name, hsize_t count, hsize_t width) const {
    const H5::DataSet dataset = file->openDataSet(name);
    const Dimensions extent = extent_of(dataset, width == 1 ? 1 : 2);
    if (extent[0] != count || (width > 1 && extent[1] != width)) throw core::Error("its tables differ in length");
    std::vector<T> values(count * width);
    if (count > 0) dataset.read(values.data(), type_of(T{}));
    return values;
  }

  /// Reads the rows of whole chunks, so that each is uncompressed once.
  void read_band(std::int64_t first) {
    const auto width = static_cast<hsize_t>(map.width), planes = static_cast<hsize_t>(classes);
    rows = std::min(kMapRowsPerChunk, static_cast<hsize_t>(map.height - first));
    const Dimensions start{0, static_cast<hsize_t>(first), 0}, count{planes, rows, width};
    band.resize(planes * rows * width);
    first_row = -1;
    with_hdf5(doing, [&] {
      const H5::DataSpace space = probabilities.getSpace();
      space.selectHyperslab(H5S_SELECT_SET, count.data(), start.data());
      probabilities.read(band.data(), type_of(std::uint8_t{}), H5::DataSpace(3, count.data()), space);
    });
    first_row = first;
  }

  std::string doing;
  std::unique_ptr<H5::H5File> file;
  H5::DataSet probabilities;
  int classes = 0;
  core::Size map;
  core::Rect bounds;
  double cell = 0, tile = 0;
  std::vector<std::uint8_t> band;  ///< [C, rows, w]
  std::int64_t first_row = -1;     ///< of the band
  hsize_t rows = 0;
};

ResultReader::ResultReader(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {
  try {
    with_hdf5(impl_->doing, [&] { impl_->open(path); });
  } catch (const core::Error& error) {
    throw core::Error(core::in_context(impl_->doing, error.what()) + "; segment the slide again");
  }
}
ResultReader::~ResultReader() = default;

int ResultReader::classes() const { return impl_->classes; }
core::Size ResultReader::map() const { return impl_->map; }
core::Rect ResultReader::bounds() const { return impl_->bounds; }
double ResultReader::cell() const { return impl_->cell; }
double ResultReader::tile() const { return impl_->tile; }

void ResultReader::read_row(std::int64_t y, std::span<std::uint8_t> values) {
  const auto width = static_cast<std::size_t>(impl_->map.width), classes = static_cast<std::size_t>(impl_->classes);
  const auto row = static_cast<std::size_t>(y) % kMapRowsPerChunk;
  if (y < 0 || y >= impl_->map.height || values.size() != classes * width) throw core::Error(impl_->doing + ": its maps have no such row");
  if (y - static_cast<std::int64_t>(row) != impl_->first_row) impl_->read_band(y - static_cast<std::int64_t>(row));
  for (std::size_t c = 0; c < classes; ++c)
    std::copy_n(impl_->band.data() + (c * impl_->rows + row) * width, width, values.data() + c * width);
}

std::vector<TileDistance> ResultReader::tiles() {
  std::vector<TileDistance> tiles;
  with_hdf5(impl_->doing, [&] {
    core::with_context(impl_->doing, [&] {
      const hsize_t rows = extent_of(impl_->file->openDataSet("coords"), 2)[0];
      const auto coords = impl_->column<std::int64_t>("coords", rows, 2);
      const auto features = impl_->column<float>("tiles/distance", rows, 1), stain = impl_->column<float>("tiles/stain_distance", rows, 1);
      for (std::size_t i = 0; i < rows; ++i) tiles.push_back({coords[2 * i], coords[2 * i + 1], features[i], stain[i]});
    });
  });
  return tiles;
}

}  // namespace wsi_lpd::output
