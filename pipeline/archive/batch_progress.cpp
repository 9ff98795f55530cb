#include "batch_progress.hpp"

#include <algorithm>

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;

double slide_bytes(const fs::path& slide) {
  std::error_code none;
  const auto bytes_of = [&](const fs::path& file) {
    const auto bytes = fs::file_size(file, none);
    return none ? 0.0 : static_cast<double>(bytes);
  };
  double bytes = bytes_of(slide);
  for (const fs::path& folder : {slide.parent_path() / slide.stem(), slide.parent_path() / ("_" + slide.stem().string() + "_")}) {
    if (slide.extension() != ".mrxs" && slide.extension() != ".vsi") break;  // their own file is an index
    for (auto entry = fs::recursive_directory_iterator(folder, none); !none && entry != fs::end(entry); entry.increment(none))
      if (entry->is_regular_file(none)) bytes += bytes_of(entry->path());
  }
  return bytes;
}

WorkEstimate::WorkEstimate(const std::vector<double>& bytes) {
  for (const double each : bytes) slides_.push_back({.bytes = each});
}
void WorkEstimate::plan(std::size_t slide, std::int64_t tiles) {
  slides_[slide].tiles = tiles;
  slides_[slide].ended = false;  // it had been left to another process
}
void WorkEstimate::advance(std::size_t slide, std::int64_t tiles) { slides_[slide].done = std::max(slides_[slide].done, tiles); }
void WorkEstimate::end(std::size_t slide) { slides_[slide].ended = true; }

WorkEstimate::State WorkEstimate::state(double seconds) const {
  double known_tiles = 0, known_bytes = 0;
  for (const Slide& slide : slides_) {
    if (!slide.tiles || (slide.ended && slide.done < *slide.tiles)) continue;  // a file that was cut off has fewer bytes than it should
    known_tiles += static_cast<double>(*slide.tiles);
    known_bytes += slide.bytes;
  }
  if (known_tiles <= 0 || known_bytes <= 0) return {};
  const double tiles_per_byte = known_tiles / known_bytes;
  double done = 0, left = 0;
  for (const Slide& slide : slides_) {
    done += static_cast<double>(slide.done);
    if (slide.ended) continue;  // what a slide that failed has not done is no more to be done
    left += slide.tiles ? static_cast<double>(*slide.tiles - slide.done) : slide.bytes * tiles_per_byte;
  }
  if (done <= 0) return {};
  return {done / (done + left), seconds * left / done};
}

void BatchProgress::start(std::size_t slide, const std::string& at, const core::WorkLock* lock) {
  slide_ = slide;
  at_ = at;
  lock_ = lock;
  in_tiles_ = false;
  tell();
}

void BatchProgress::leave(std::size_t slide) {
  estimate_.end(slide);
  lock_ = nullptr;
}

void BatchProgress::begin(const std::string& what, std::int64_t total, const std::string& unit) {
  in_tiles_ = unit == "tiles";
  if (in_tiles_) estimate_.plan(slide_, total);
  tell();
  to_.begin(what, total, unit);
}

void BatchProgress::advance(std::int64_t done, const std::string& note) {
  if (lock_ && lock_->is_lost()) lock_->still_held();
  if (in_tiles_) estimate_.advance(slide_, done);
  tell();
  to_.advance(done, note);
}

void BatchProgress::tell() {
  const auto [share, seconds_left] = estimate_.state(std::chrono::duration<double>(Clock::now() - start_).count());
  to_.overall(at_, share, seconds_left);
}

}  // namespace wsi_lpd::pipeline::archive
