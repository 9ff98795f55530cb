#include "wsi_lpd/output/result_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <vector>

#include "hdf5.hpp"
#include "hdf5_tables.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::output {

struct ResultFile::Impl {
  Impl(const std::filesystem::path& path, ResultLayout layout_)
      : part(path), layout(std::move(layout_)), doing("writing " + path.string()) {}
  ~Impl();

  [[noreturn]] void fail(const std::string& why) const { throw core::Error(doing + ": " + why); }
  void check_layout() const;
  void create();
  void describe();
  void describe_coords();
  void describe_maps();
  void flush_tiles();

  struct Tables {
    Tables(H5::H5File& file, const ResultLayout& layout);
    Column<std::int64_t> coords;
    Column<float> features, scores, prototypes;
    Column<std::uint8_t> status;
    Column<float> focus, distance, stain_distance;
    MapRows mask, probabilities;
  };

  core::PartFile part;
  ResultLayout layout;
  std::string doing;
  std::unique_ptr<H5::H5File> file;
  std::unique_ptr<Tables> tables;
  hsize_t tiles_written = 0, tiles_pending = 0;
};

ResultFile::Impl::Tables::Tables(H5::H5File& file, const ResultLayout& layout)
    : coords(file, "coords", {2}),
      features(file, "features", {static_cast<hsize_t>(layout.feature_size)}),
      scores(file, "tiles/scores", {static_cast<hsize_t>(layout.classes.count())}),
      prototypes(file, "tiles/prototypes",
                 {static_cast<hsize_t>(layout.classes.count()), static_cast<hsize_t>(layout.prototypes_per_class)}),
      status(file, "tiles/status", {}),
      focus(file, "tiles/focus", {}),
      distance(file, "tiles/distance", {}),
      stain_distance(file, "tiles/stain_distance", {}),
      mask(file, "mask", std::nullopt, layout.map),
      probabilities(file, "probabilities", static_cast<hsize_t>(layout.classes.count()), layout.map) {}

// All that HDF5 knows of ends here or in finish(), within a session: the members' own destructors have nothing left to do.
ResultFile::Impl::~Impl() {
  if (!file) return;
  const Hdf5Session session;
  // Not finished. HDF5 flushes whatever it holds when it closes, and if the disk has no room it can neither close nor let go: the program
  // would crash at its end. So what it flushes now goes to memory that nobody reads; or, as a limit of file sizes holds for memory, too,
  // nowhere.
  void* descriptor = nullptr;
  if (H5Fget_vfd_handle(file->getId(), H5P_DEFAULT, &descriptor) >= 0) {
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const int nowhere =
        limit.rlim_cur == RLIM_INFINITY ? memfd_create("wsi-lpd-abandoned", MFD_CLOEXEC) : open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nowhere, *static_cast<int*>(descriptor));
    close(nowhere);
  }
  tables.reset();
  try {
    file->close();
  } catch (const H5::Exception&) {
    static_cast<void>(file.release());  // a second try, which its destructor would make, ends in a crash
  }
  file.reset();
}

void ResultFile::Impl::check_layout() const {
  validate(layout.classes);
  if (layout.prototypes_per_class < 0 || layout.feature_size < 0 || layout.tile < 1 || layout.map_stride < 1)
    fail("its layout has no sizes");
  if (layout.map.width < 1 || layout.map.height < 1) fail("its map is empty");
}

void ResultFile::Impl::create() {
  file = std::make_unique<H5::H5File>(part.path().string(), H5F_ACC_TRUNC);
  file->createGroup("tiles");
  tables = std::make_unique<Tables>(*file, layout);
  describe();
  describe_coords();
  describe_maps();
}

void ResultFile::Impl::describe() {
  H5::Group root = file->openGroup("/");
  const core::Frame& frame = layout.frame;
  set_attribute(root, "format", std::string("wsi-lpd result"));
  set_attribute(root, "version", std::vector<std::int64_t>{1});
  set_attribute(root, "classes", layout.classes.names);
  std::vector<std::string> colours;
  for (const core::Colour& colour : layout.classes.colours) colours.push_back(core::to_string(colour));
  set_attribute(root, "colours", colours);
  set_attribute(root, "background", layout.classes.background);
  set_attribute(root, "level0_bounds", std::vector<std::int64_t>{frame.bounds.x, frame.bounds.y, frame.bounds.width, frame.bounds.height});
  set_attribute(root, "level0_pixels_per_output_pixel", std::vector<double>{frame.scale});
  set_attribute(root, "output_size", std::vector<std::int64_t>{frame.size.width, frame.size.height});
  if (frame.mpp > 0) set_attribute(root, "mpp", std::vector<double>{frame.mpp});
  if (frame.slide_mpp > 0) set_attribute(root, "level0_mpp", std::vector<double>{frame.slide_mpp});
  for (const auto& [name, value] : layout.provenance) set_attribute(root, name, value);
}

/// The attributes that readers of CLAM and TRIDENT look for. CLAM takes `patch_size` pixels of `patch_level`, TRIDENT as many of
/// `target_magnification`: both get the tile's place right where all of these mean level 0.
void ResultFile::Impl::describe_coords() {
  H5::DataSet& coords = tables->coords.dataset();
  const core::Frame& frame = layout.frame;
  set_attribute(coords, "name", part.final_path().stem().string());
  const std::int64_t side = std::llround(layout.tile * frame.scale);
  set_attribute(coords, "patch_size", std::vector<std::int64_t>{side});
  set_attribute(coords, "patch_size_level0", std::vector<std::int64_t>{side});
  set_attribute(coords, "patch_level", std::vector<std::int64_t>{0});
  set_attribute(coords, "downsample", std::vector<double>{frame.scale, frame.scale});
  set_attribute(coords, "overlap", std::vector<std::int64_t>{std::llround(layout.overlap * frame.scale)});
  if (frame.slide_mpp > 0) {
    for (const char* name : {"level0_magnification", "target_magnification"})
      set_attribute(coords, name, std::vector<std::int64_t>{std::llround(10 / frame.slide_mpp)});
  }
  set_attribute(coords, "units", std::string("level-0 pixels (x, y) of a tile's top left"));
  set_attribute(tables->features.dataset(), "encoder", layout.features_of);
}

void ResultFile::Impl::describe_maps() {
  const core::Frame& frame = layout.frame;
  for (H5::DataSet* map : {&tables->mask.dataset(), &tables->probabilities.dataset()}) {
    set_attribute(*map, "level0_origin", std::vector<std::int64_t>{frame.bounds.x, frame.bounds.y});
    set_attribute(*map, "level0_pixels_per_cell", std::vector<double>{frame.scale * layout.map_stride});
    set_attribute(*map, "output_pixels_per_cell", std::vector<std::int64_t>{layout.map_stride});
    if (frame.mpp > 0) set_attribute(*map, "mpp", std::vector<double>{frame.mpp * layout.map_stride});
  }
  set_attribute(tables->mask.dataset(), "units", std::string("0 not tissue, 1...C classes, 254 unreadable"));
  set_attribute(tables->probabilities.dataset(), "units", std::string("1/255"));
}

void ResultFile::Impl::flush_tiles() {
  if (tiles_pending == 0) return;
  tables->coords.flush(tiles_written, tiles_pending);
  tables->features.flush(tiles_written, tiles_pending);
  tables->scores.flush(tiles_written, tiles_pending);
  tables->prototypes.flush(tiles_written, tiles_pending);
  tables->status.flush(tiles_written, tiles_pending);
  tables->focus.flush(tiles_written, tiles_pending);
  tables->distance.flush(tiles_written, tiles_pending);
  tables->stain_distance.flush(tiles_written, tiles_pending);
  tiles_written += tiles_pending;
  tiles_pending = 0;
}

ResultFile::ResultFile(const std::filesystem::path& path, ResultLayout layout) : impl_(std::make_unique<Impl>(path, std::move(layout))) {
  impl_->check_layout();
  with_hdf5(impl_->doing, [this] { impl_->create(); });
}

ResultFile::ResultFile(ResultFile&&) noexcept = default;
ResultFile::~ResultFile() = default;

void ResultFile::add_tile(std::int64_t level0_x, std::int64_t level0_y, std::span<const float> features, std::span<const float> scores,
                          std::span<const float> prototypes, TileStatus status, const TileMeasures& measures) {
  Impl::Tables& tables = *impl_->tables;
  if (features.size() != tables.features.row_size() || scores.size() != tables.scores.row_size() ||
      prototypes.size() != tables.prototypes.row_size()) {
    impl_->fail("a tile's values do not have the layout's sizes");
  }
  const std::int64_t coords[] = {level0_x, level0_y};
  const auto state = static_cast<std::uint8_t>(status);
  tables.coords.add(coords);
  tables.features.add(features.data());
  tables.scores.add(scores.data());
  tables.prototypes.add(prototypes.data());
  tables.status.add(&state);
  tables.focus.add(&measures.focus);
  tables.distance.add(&measures.feature_distance);
  tables.stain_distance.add(&measures.stain_distance);
  if (++impl_->tiles_pending == kTilesPerChunk) with_hdf5(impl_->doing, [this] { impl_->flush_tiles(); });
}

void ResultFile::add_map_rows(std::int64_t rows, std::span<const std::uint8_t> labels, std::span<const std::uint8_t> probabilities) {
  const ResultLayout& layout = impl_->layout;
  const auto cells = static_cast<std::size_t>(rows * layout.map.width);
  if (labels.size() != cells || probabilities.size() != cells * layout.classes.names.size()) {
    impl_->fail("map rows do not have the layout's sizes");
  }
  const auto count = static_cast<hsize_t>(rows);
  if (impl_->tables->mask.rows() + count > static_cast<hsize_t>(layout.map.height)) impl_->fail("more map rows than the map is high");
  with_hdf5(impl_->doing, [&] {
    impl_->tables->mask.add(count, labels.data());
    impl_->tables->probabilities.add(count, probabilities.data());
  });
}

void ResultFile::finish() {
  const auto rows = static_cast<std::int64_t>(impl_->tables->mask.rows());
  if (rows != impl_->layout.map.height) {
    impl_->fail("only " + std::to_string(rows) + " of " + std::to_string(impl_->layout.map.height) + " map rows were added");
  }
  with_hdf5(impl_->doing, [this] {
    impl_->flush_tiles();
    impl_->file->flush(H5F_SCOPE_GLOBAL);  // what can fail fails here, while the file can still be abandoned
    impl_->tables.reset();
    impl_->file->close();
    impl_->file.reset();
  });
  impl_->part.commit();
}

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return "HDF5 " + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

}  // namespace wsi_lpd::output
