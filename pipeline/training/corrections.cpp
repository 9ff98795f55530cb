#include "wsi_lpd/pipeline/training/corrections.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/region_labels.hpp"
#include "wsi_lpd/slide/resolution.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

namespace fs = std::filesystem;

constexpr double kLeastShare = 0.002;  ///< of a tile's pixels, from which on a class counts as present in it
static_assert(slide::RegionLabels::kLeftOut == model::network::kUnknownPixel);

/// Is it the same file, or a copy of it: by name and size?
bool is_same_image(const fs::path& a, const fs::path& b) {
  std::error_code absent;
  return a.filename() == b.filename() && fs::file_size(a, absent) == fs::file_size(b, absent);
}

class Cutter {
 public:
  Cutter(const FoundCorrections& found, const core::ClassScheme& classes, int size, double mpp, const PatchFolder& patches,
         const core::Work& work)
      : found_(found), classes_(classes), size_(size), mpp_(mpp), work_(work), showing_(classes.names.size() + 1) {
    for (const Patch& patch : patches.train) labelled_.emplace(patch.image.filename().string(), &patch);
    for (const Patch& patch : patches.valid) valid_.emplace(patch.image.filename().string(), &patch);
  }

  void cut(const CorrectionFile& file) {
    slide::RegionLabels regions(file.regions, {classes_.names, found_.background}, slide::RegionLabels::kLeftOut,
                                slide::RegionChoice::Changed);
    const Source source{file.regions, file.slide, image_of(labelled_, file.slide)};
    if (image_of(valid_, file.slide)) of_valid_.push_back(file.slide.filename().string());
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
    std::ranges::move(regions.outside_of({frame.bounds.width, frame.bounds.height}), std::back_inserter(outside_));
    cut_rows(source, regions, slide::FrameReader(*reader, frame), frame, box);
  }

  std::vector<CorrectedTile> tiles() && { return std::move(tiles_); }

  void report() const {
    if (tiles_.empty())
      throw core::UsageError("--corrections: there is nothing to learn from: of " + core::count_of(found_.regions(), "region", "regions") +
                             " of a person none shows " + core::joined(classes_.names) + " or " + classes_.background +
                             "; regions of Ignore*, those outside of the slide and those without the centre of a pixel teach nothing");
    for (const std::string& line : core::first_lines(outside_)) work_.observer.warn(line);
    if (!without_mpp_.empty())
      work_.observer.warn("corrections: um/px should be " + core::shortest(mpp_) + ", and is not known of " +
                          core::count_of(without_mpp_.size(), "image", "images") +
                          " (read at level 0): " + core::joined_first(without_mpp_));
    if (!of_valid_.empty())
      work_.observer.warn("corrections: " + core::count_of(of_valid_.size(), "image is", "images are") +
                          " in valid/, too, whose scores will flatter: " + core::joined_first(of_valid_));
    std::string line = "corrections: " + core::count_of(found_.regions(), "region", "regions") + " in " +
                       core::count_of(found_.looked_at, "file", "files");
    if (found_.unchanged > 0) line += ", " + std::to_string(found_.unchanged) + " as exported and passed over";
    line += ", " + core::count_of(tiles_.size(), "tile", "tiles") + "; tiles with";
    for (std::size_t c = 0; c < showing_.size(); ++c)
      line += (c ? ", " : " ") + (c < classes_.names.size() ? classes_.names[c] : classes_.background) + " " + std::to_string(showing_[c]);
    work_.observer.info(line);
  }

 private:
  struct Source {
    fs::path regions, slide;
    const Patch* labelled;  ///< the same image in train/; null: it is not there
  };
  using Images = std::multimap<std::string, const Patch*>;  // by file name

  static const Patch* image_of(const Images& images, const fs::path& slide) {
    const auto [first, last] = images.equal_range(slide.filename().string());
    const auto found = std::find_if(first, last, [&](const auto& named) { return is_same_image(named.second->image, slide); });
    return found == last ? nullptr : found->second;
  }

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
    if (known == 0) return;
    CorrectedTile tile{.name = source.regions.string() + ", tile at " + std::to_string(place.x) + ", " + std::to_string(place.y),
                       .patient = source.slide.stem().string(),
                       .rgb = core::Image(size_, size_, 3),
                       .classes = std::move(labels),
                       .labels = std::vector<float>(classes, NAN),
                       .presence = std::vector<float>(classes, NAN)};
    const auto shows = [&](std::size_t c) {
      return pixels[c] > 0 && static_cast<double>(pixels[c]) >= kLeastShare * static_cast<double>(tile.classes.bytes());
    };
    if (source.labelled && !source.labelled->labels.empty()) {
      const Patch& image = *source.labelled;
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
    for (std::size_t c = 0; c <= classes; ++c) showing_[c] += shows(c);
    reader.read(place, tile.rgb.view());
    tiles_.push_back(std::move(tile));
  }

  const FoundCorrections& found_;
  const core::ClassScheme& classes_;
  int size_;
  double mpp_;
  core::Work work_;
  Images labelled_, valid_;
  std::vector<CorrectedTile> tiles_;
  std::vector<std::string> without_mpp_, of_valid_, outside_;
  std::vector<std::size_t> showing_;  ///< [C + 1]: tiles that show a class, or a region of the background
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

std::vector<CorrectedTile> cut_corrections(const FoundCorrections& found, const core::ClassScheme& classes, int size, double mpp,
                                           const PatchFolder& patches, const core::Work& work) {
  Cutter cutter(found, classes, size, mpp, patches, work);
  for (const CorrectionFile& file : found.files) cutter.cut(file);
  cutter.report();
  return std::move(cutter).tiles();
}

}  // namespace wsi_lpd::pipeline::training
