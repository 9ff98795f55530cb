#include "wsi_lpd/pipeline/training/synth_dataset.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <random>
#include <sstream>
#include <vector>

#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"
#include "wsi_lpd/image/raster_writer.hpp"
#include "wsi_lpd/synth/tissue_painter.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

namespace fs = std::filesystem;
using synth::TissuePainter;

constexpr int kPatchesPerPatient = 12;
constexpr std::int64_t kPatientGrid = 8;  // a patient's picture is this many patches wide and high
constexpr double kPatientTissue = 0.9;
constexpr double kSmallestShare = 0.05;       // of a patch: below it a class is not in the patch's label
constexpr std::int64_t kBandRows = 256;       // of a slide, painted at a time
constexpr std::int64_t kPieceColumns = 1024;  // of a band, painted by one thread

/// A picture's seed: `split` 0…2 are the patches', 3 the slides', so that no two splits share a picture.
std::uint64_t picture_seed(std::uint64_t seed, int split, int picture) {
  std::seed_seq sequence{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), static_cast<std::uint32_t>(split),
                         static_cast<std::uint32_t>(picture)};
  std::array<std::uint32_t, 2> words{};
  sequence.generate(words.begin(), words.end());
  return words[0] | static_cast<std::uint64_t>(words[1]) << 32;
}

/// "[1010]" for the classes that fill at least kSmallestShare of the patch.
std::string image_label(const core::Image& truth, int classes) {
  std::string label(static_cast<std::size_t>(classes), '0');
  for (int c = 0; c < classes; ++c) {
    const auto pixels = std::count(truth.data(), truth.data() + truth.bytes(), static_cast<std::uint8_t>(c));
    if (static_cast<double>(pixels) >= kSmallestShare * static_cast<double>(truth.bytes())) label[static_cast<std::size_t>(c)] = '1';
  }
  return "[" + label + "]";
}

struct Split {
  int index;
  const char* name;
  int patches;
};

/// Writes up to kPatchesPerPatient patches of one patient, from places of the picture in random order.
void write_patient(const SynthOptions& options, const Split& split, int patient, const fs::path& folder) {
  const std::uint64_t seed = picture_seed(options.seed, split.index, patient);
  const std::int64_t size = options.patch_size;
  const TissuePainter painter(
      {kPatientGrid * size, kPatientGrid * size},
      {.seed = seed, .mpp = options.mpp, .tissue_fraction = kPatientTissue, .stain_variation = options.stain_variation});
  std::array<std::int64_t, kPatientGrid * kPatientGrid> places{};
  std::iota(places.begin(), places.end(), 0);
  std::mt19937_64 random(seed);
  for (std::size_t i = places.size() - 1; i > 0; --i) std::swap(places[i], places[random() % (i + 1)]);

  const core::ClassScheme scheme = TissuePainter::classes();
  const int wanted = std::min(kPatchesPerPatient, split.patches - patient * kPatchesPerPatient);
  int written = 0;
  for (auto place = places.begin(); written < wanted && place != places.end(); ++place) {
    core::Image rgb(size, size, 3), truth(size, size, 1);
    painter.paint({*place % kPatientGrid * size, *place / kPatientGrid * size, size, size}, rgb.view(), truth.view());
    const std::string label = image_label(truth, scheme.count());
    if (label.find('1') == std::string::npos) continue;  // glass
    char name[40];
    std::snprintf(name, sizeof name, "patient%04d_%02d", patient + 1, ++written);
    if (split.index == 0) {
      image::write_png(folder / (name + label + ".png"), rgb);
    } else {
      image::write_png(folder / "img" / (std::string(name) + ".png"), rgb);
      image::write_labels_png(folder / "mask" / (std::string(name) + ".png"), truth, scheme.colours);
    }
  }
}

void write_patches(const SynthOptions& options, const fs::path& folder, const core::Work& work) {
  const std::array<Split, 3> splits{{{0, "train", options.train}, {1, "valid", options.valid}, {2, "test", options.test}}};
  for (const Split& split : splits) {
    const fs::path target = folder / split.name;
    if (split.index == 0) {
      fs::create_directories(target);
    } else {
      fs::create_directories(target / "img");
      fs::create_directories(target / "mask");
    }
    work.observer.begin(std::string("patches for ") + split.name, split.patches, "patches");
    std::atomic<int> done = 0;
    tbb::parallel_for(0, static_cast<int>(core::divide_up(split.patches, kPatchesPerPatient)), [&](int patient) {
      core::check(work.cancel);
      write_patient(options, split, patient, target);
      done += kPatchesPerPatient;
      work.observer.advance(std::min(done.load(), split.patches));
    });
    work.observer.end();
  }
  const core::ClassScheme scheme = TissuePainter::classes();
  std::ostringstream toml;
  const auto list = [&](const auto& items, auto text) {
    toml << "[";
    for (std::size_t i = 0; i < items.size(); ++i) toml << (i ? ", " : "") << '"' << text(items[i]) << '"';
    toml << "]\n";
  };
  toml << "classes = ";
  list(scheme.names, [](const std::string& name) { return name; });
  toml << "background = \"" << scheme.background << "\"\ncolours = ";
  list(scheme.colours, [](const core::Colour& colour) { return core::to_string(colour); });
  toml << "mpp = " << options.mpp << "\n";
  core::write_text_file(folder / "dataset.toml", toml.str());
}

void write_slide(const SynthOptions& options, int index, const fs::path& folder, const core::Work& work) {
  const core::Size size = options.slide_size;
  const std::string name = "slide-" + std::to_string(index + 1);
  const TissuePainter painter(size, {.seed = picture_seed(options.seed, 3, index),
                                     .mpp = options.mpp,
                                     .tissue_fraction = options.tissue_fraction,
                                     .stain_variation = options.stain_variation});
  image::PyramidOptions pyramid;
  pyramid.compression = image::PyramidOptions::Compression::Jpeg;
  pyramid.jpeg_quality = 90;
  pyramid.tile = 256;
  pyramid.mpp = options.mpp;
  image::RasterWriter slide(folder / (name + ".tif"), size, 3, pyramid);
  image::LabelPngWriter labels(folder / (name + ".labels.png"), size, TissuePainter::classes().colours);
  core::Image rgb(size.width, std::min(kBandRows, size.height), 3), truth(size.width, rgb.height(), 1);
  work.observer.begin(name, size.height, "rows");
  for (std::int64_t top = 0; top < size.height; top += kBandRows) {
    const std::int64_t rows = std::min(kBandRows, size.height - top);
    tbb::parallel_for(std::int64_t{0}, core::divide_up(size.width, kPieceColumns), [&](std::int64_t piece) {
      core::check(work.cancel);
      const core::Rect part{piece * kPieceColumns, 0, std::min(kPieceColumns, size.width - piece * kPieceColumns), rows};
      painter.paint({part.x, top, part.width, rows}, rgb.view().part(part), truth.view().part(part));
    });
    slide.add_rows(rgb.data(), rows);
    labels.add_rows(truth.data(), rows);
    work.observer.advance(top + rows);
  }
  slide.finish();
  labels.finish();
  work.observer.end();
}

void validate(const SynthOptions& options) {
  const auto need = [](bool right, const std::string& what) {
    if (!right) throw core::UsageError("synthetic data: " + what);
  };
  need(options.train >= 0 && options.valid >= 0 && options.test >= 0 && options.slides >= 0,
       "numbers of patches and slides can't be negative");
  need(options.patch_size >= 32 && options.patch_size <= 4096, "the patch size must be 32…4096 px");
  need(options.slide_size.width >= 64 && options.slide_size.height >= 64 && options.slide_size.width <= 1 << 20 &&
           options.slide_size.height <= 1 << 20,
       "a slide's sides must be 64…1048576 px");
  need(options.mpp >= 0.1 && options.mpp <= 4, "µm/px must be 0.1…4");
  need(options.tissue_fraction > 0 && options.tissue_fraction <= 1, "the tissue fraction must be above 0 and at most 1");
  need(options.stain_variation >= 0 && options.stain_variation <= 2, "the stain variation must be 0…2");
}

}  // namespace

void make_synth_dataset(const SynthOptions& options, const core::Work& work) {
  validate(options);
  try {
    for (const char* name : {"patches", "slides"}) {
      const fs::path folder = options.folder / name;
      if (fs::exists(folder)) throw core::UsageError(folder.string() + " is there already; remove it or choose another folder");
    }
    core::PartFolder patches(options.folder / "patches");
    core::PartFolder slides(options.folder / "slides");
    write_patches(options, patches.path(), work);
    for (int i = 0; i < options.slides; ++i) write_slide(options, i, slides.path(), work);
    patches.commit();
    slides.commit();
  } catch (const fs::filesystem_error& error) {
    throw core::Error("writing " + options.folder.string() + ": " + error.code().message());
  }
}

}  // namespace wsi_lpd::pipeline::training
