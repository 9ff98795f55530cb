#include "wsi_lpd/pipeline/training/corrections.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/region_file.hpp"
#include "wsi_lpd/slide/region_labels.hpp"
#include "wsi_lpd/slide/resolution.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

namespace fs = std::filesystem;

constexpr double kLeastShare = 0.002;  ///< of a tile's pixels, from which on a class counts as present in it
static_assert(slide::RegionLabels::kLeftOut == model::network::kUnknownPixel);

struct Source {
  fs::path regions, slide;
};

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

/// The slide of each file of regions: the file with its name, with or without the slide's own ending.
std::vector<Source> find_sources(const CorrectionFolder& folder) {
  const fs::path& slides = folder.slides.empty() ? folder.regions : folder.slides;
  std::multimap<std::string, fs::path> by_name;
  for (const auto& entry : fs::recursive_directory_iterator(slides)) {
    const fs::path& path = entry.path();
    if (!entry.is_regular_file() || slide::is_region_file(path) || is_hidden(path) || path.extension() == ".part") continue;
    by_name.emplace(path.stem().string(), path);
    if (path.has_extension()) by_name.emplace(path.filename().string(), path);
  }
  std::vector<Source> sources;
  for (const auto& entry : fs::recursive_directory_iterator(folder.regions)) {
    const fs::path& path = entry.path();
    if (!entry.is_regular_file() || path.extension() != ".geojson" || is_hidden(path)) continue;
    const auto [first, last] = by_name.equal_range(path.stem().string());
    if (first == last)
      throw core::UsageError(path.string() + ": there is no slide or image " + path.stem().string() + ".* in " + slides.string() +
                             "; name the folder of the slides with --correction-slides");
    if (std::next(first) != last)
      throw core::UsageError(path.string() + ": both " + first->second.string() + " and " + std::next(first)->second.string() +
                             " have its name; keep one of them in the folder");
    sources.push_back({path, first->second});
  }
  if (sources.empty())
    throw core::UsageError("--corrections " + folder.regions.string() + ": has no NAME.geojson; wsi-lpd correct makes them from results");
  std::ranges::sort(sources, {}, &Source::regions);
  return sources;
}

class Cutter {
 public:
  Cutter(const core::ClassScheme& classes, int size, double mpp, const std::vector<Patch>& labelled, const core::Work& work)
      : classes_(classes), size_(size), mpp_(mpp), work_(work) {
    for (const Patch& patch : labelled) labelled_.emplace(patch.image.stem().string(), &patch);
  }

  void cut(const Source& source) {
    slide::RegionLabels regions(source.regions, classes_.names, classes_.background, slide::RegionLabels::kLeftOut,
                                slide::RegionChoice::Changed);
    for (const std::string& line : regions.warnings()) work_.observer.warn(line);
    regions_ += regions.regions();
    unchanged_ += regions.unchanged();
    if (regions.regions() == 0) return;
    const auto reader = slide::open(source.slide);
    const slide::Properties& properties = reader->properties();
    if (mpp_ > 0 && !properties.mpp) without_mpp_.push_back(source.slide.filename().string());
    const core::Frame frame = core::make_frame(properties.bounds, properties.mpp.value_or(0), properties.mpp ? mpp_ : 0);
    for (const std::string& line : slide::check_resolution(properties, frame, /*force=*/false))
      work_.observer.warn(source.slide.string() + ": " + line);
    const core::Rect box = output_box(regions.box(), frame);
    if (box.empty())
      throw core::Error(source.regions.string() + ": its regions lie outside of " + source.slide.string() + " (" +
                        std::to_string(frame.bounds.width) + " x " + std::to_string(frame.bounds.height) +
                        " level-0 pixels); are they of another slide, or in um?");
    cut_rows(source, regions, slide::FrameReader(*reader, frame), frame, box);
  }

  std::vector<CorrectedTile> tiles() && { return std::move(tiles_); }

  void report(std::size_t files) const {
    if (!without_mpp_.empty())
      work_.observer.warn("corrections: " + core::count_of(without_mpp_.size(), "image does", "images do") +
                          " not say the um/px, which should be " + core::shortest(mpp_) + ", and " +
                          (without_mpp_.size() == 1 ? "is" : "are") + " taken as they are: " + core::joined_first(without_mpp_));
    if (tiles_.empty())
      work_.observer.warn("corrections: no region of a class is a person's: nothing is learnt from them (docs/corrections.md)");
    std::string line = "corrections: " + core::count_of(regions_, "region", "regions") + " in " + core::count_of(files, "file", "files");
    if (unchanged_ > 0) line += ", " + std::to_string(unchanged_) + " as exported and passed over";
    line += ", " + core::count_of(tiles_.size(), "tile", "tiles") + "; tiles with";
    for (std::size_t c = 0; c < classes_.names.size(); ++c)
      line += (c ? ", " : " ") + classes_.names[c] + " " +
              std::to_string(std::ranges::count_if(tiles_, [&](const CorrectedTile& tile) { return tile.presence[c] == 1; }));
    work_.observer.info(line);
  }

 private:
  static core::Rect output_box(const core::Rect& box, const core::Frame& frame) {
    const auto left = static_cast<std::int64_t>(std::floor(static_cast<double>(box.x) / frame.scale));
    const auto top = static_cast<std::int64_t>(std::floor(static_cast<double>(box.y) / frame.scale));
    const auto right = static_cast<std::int64_t>(std::ceil(static_cast<double>(box.right()) / frame.scale));
    const auto bottom = static_cast<std::int64_t>(std::ceil(static_cast<double>(box.bottom()) / frame.scale));
    return core::intersection({left, top, right - left, bottom - top}, {0, 0, frame.size.width, frame.size.height});
  }

  void cut_rows(const Source& source, slide::RegionLabels& regions, const slide::FrameReader& reader, const core::Frame& frame,
                const core::Rect& box) {
    const std::int64_t first = box.x / size_, columns = core::divide_up(box.right(), size_) - first;
    for (std::int64_t top = box.y / size_ * size_; top < box.bottom(); top += size_) {
      core::check(work_.cancel);
      core::Image band(columns * size_, size_, 1, slide::RegionLabels::kLeftOut);
      const std::int64_t width = std::min(band.width(), frame.size.width - first * size_);
      for (std::int64_t y = 0; y < std::min<std::int64_t>(size_, frame.size.height - top); ++y)
        regions.read_row((static_cast<double>(top + y) + 0.5) * frame.scale, (static_cast<double>(first * size_) + 0.5) * frame.scale,
                         frame.scale, {band.at(0, y), static_cast<std::size_t>(width)});
      for (std::int64_t column = 0; column < columns; ++column) {
        core::Image labels(size_, size_, 1);
        for (std::int64_t y = 0; y < size_; ++y) std::copy_n(band.at(column * size_, y), size_, labels.at(0, y));
        const core::Rect place{(first + column) * size_, top, size_, size_};
        const core::Rect inside = core::intersection(place, {0, 0, frame.size.width, frame.size.height});
        add_tile(source, std::move(labels), place, inside.width * inside.height, reader);
      }
    }
  }

  /// `inside` is the number of the tile's pixels that are on the slide.
  void add_tile(const Source& source, core::Image labels, const core::Rect& place, std::int64_t inside, const slide::FrameReader& reader) {
    const auto classes = classes_.names.size();
    std::vector<std::int64_t> pixels(classes + 1);
    for (std::size_t i = 0; i < labels.bytes(); ++i)
      if (labels.data()[i] <= classes) ++pixels[labels.data()[i]];
    std::int64_t known = 0;
    for (const std::int64_t count : pixels) known += count;
    if (known == pixels[classes]) return;
    CorrectedTile tile{.name = source.regions.string() + ", tile at " + std::to_string(place.x) + ", " + std::to_string(place.y),
                       .patient = source.slide.stem().string(),
                       .rgb = core::Image(size_, size_, 3),
                       .classes = std::move(labels),
                       .labels = std::vector<float>(classes, NAN),
                       .presence = std::vector<float>(classes, NAN)};
    const auto shows = [&](std::size_t c) {
      return pixels[c] > 0 && static_cast<double>(pixels[c]) >= kLeastShare * static_cast<double>(tile.classes.bytes());
    };
    if (const auto found = labelled_.find(source.slide.stem().string()); found != labelled_.end() && !found->second->labels.empty()) {
      const Patch& image = *found->second;
      tile.labels = image.labels;
      if (!image.patient.empty()) tile.patient = image.patient;
      for (std::size_t c = 0; c < classes; ++c)
        if (shows(c) && tile.labels[c] == 0)
          throw core::Error(source.regions.string() + ": has a region of " + classes_.names[c] + ", and the image labels of " +
                            image.image.string() + " say that it shows none: correct one of them");
    } else if (known == inside) {
      for (std::size_t c = 0; c < classes; ++c) tile.labels[c] = shows(c) ? 1.0F : 0.0F;
    }
    for (std::size_t c = 0; c < classes; ++c) tile.presence[c] = shows(c) ? 1.0F : tile.labels[c];
    std::replace(tile.classes.data(), tile.classes.data() + tile.classes.bytes(), static_cast<std::uint8_t>(classes),
                 model::network::kUnknownPixel);
    reader.read(place, tile.rgb.view());
    tiles_.push_back(std::move(tile));
  }

  const core::ClassScheme& classes_;
  int size_;
  double mpp_;
  core::Work work_;
  std::map<std::string, const Patch*> labelled_;
  std::vector<CorrectedTile> tiles_;
  std::vector<std::string> without_mpp_;
  std::size_t regions_ = 0, unchanged_ = 0;
};

}  // namespace

model::network::PatchBatch batch_of(std::span<const CorrectedTile> tiles, std::size_t most) {
  model::network::PatchBatch batch;
  for (const CorrectedTile& tile : tiles.first(std::min(most, tiles.size()))) {
    batch.size = static_cast<int>(tile.rgb.width());
    batch.rgb.insert(batch.rgb.end(), tile.rgb.data(), tile.rgb.data() + tile.rgb.bytes());
    batch.pixels.insert(batch.pixels.end(), tile.classes.data(), tile.classes.data() + tile.classes.bytes());
    batch.labels.insert(batch.labels.end(), tile.labels.begin(), tile.labels.end());
    batch.presence.insert(batch.presence.end(), tile.presence.begin(), tile.presence.end());
    ++batch.count;
  }
  return batch;
}

std::vector<CorrectedTile> read_corrections(const CorrectionFolder& folder, const core::ClassScheme& classes, int size, double mpp,
                                            const std::vector<Patch>& labelled, const core::Work& work) {
  const std::vector<Source> sources = find_sources(folder);
  Cutter cutter(classes, size, mpp, labelled, work);
  for (const Source& source : sources) cutter.cut(source);
  cutter.report(sources.size());
  return std::move(cutter).tiles();
}

}  // namespace wsi_lpd::pipeline::training
