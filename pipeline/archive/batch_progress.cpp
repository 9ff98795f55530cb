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
  slides_.reserve(bytes.size());
  for (const double each : bytes) {
    slides_.push_back({.bytes = each});
    count(slides_.back(), 1);
  }
}

void WorkEstimate::count(const Slide& slide, int sign) {
  const double tiles = slide.tiles ? static_cast<double>(*slide.tiles) : 0, done = static_cast<double>(slide.done);
  sums_.ended += static_cast<std::size_t>(sign) * (slide.ended ? 1 : 0);
  sums_.done += sign * done;
  if (slide.tiles && (!slide.ended || slide.done >= *slide.tiles)) {  // a file that was cut off has fewer bytes than it should
    sums_.known_tiles += sign * tiles;
    sums_.known_bytes += sign * slide.bytes;
  }
  if (slide.ended) return;  // what a slide that failed has not done is no more to be done
  if (slide.tiles)
    sums_.tiles_left += sign * (tiles - done);
  else
    sums_.unopened_bytes += sign * slide.bytes;
}

void WorkEstimate::change(std::size_t slide, const std::function<void(Slide&)>& change) {
  count(slides_[slide], -1);
  change(slides_[slide]);
  count(slides_[slide], 1);
}

void WorkEstimate::start(std::size_t slide) {
  change(slide, [](Slide& started) { started.ended = false; });
}
void WorkEstimate::plan(std::size_t slide, std::int64_t tiles) {
  change(slide, [&](Slide& planned) {
    planned.before = planned.done;
    planned.tiles = planned.before + tiles;
  });
}
void WorkEstimate::advance(std::size_t slide, std::int64_t tiles) {
  change(slide, [&](Slide& advanced) { advanced.done = std::max(advanced.done, advanced.before + tiles); });
}
void WorkEstimate::end(std::size_t slide) {
  change(slide, [](Slide& ended) { ended.ended = true; });
}

WorkEstimate::State WorkEstimate::state(double seconds) const {
  if (sums_.known_tiles <= 0 || sums_.known_bytes <= 0 || sums_.done <= 0) return {};
  const double left = sums_.tiles_left + sums_.unopened_bytes * sums_.known_tiles / sums_.known_bytes;
  return {sums_.done / (sums_.done + left), seconds * left / sums_.done};
}

SlideObserver& BatchProgress::start(std::size_t slide, const std::string& name) {
  const std::lock_guard lock(mutex_);
  estimate_.start(slide);
  return slides_.emplace_back(*this, slide, name);
}

void BatchProgress::leave(std::size_t slide) {
  const std::lock_guard lock(mutex_);
  estimate_.end(slide);
  std::erase_if(slides_, [&](const OfSlide& each) { return each.slide_ == slide; });
}

/// Tells the stage of the slide, unless an earlier one is shown.
void BatchProgress::show(OfSlide& slide) {
  if (&slides_.front() != &slide || slide.is_shown_ || slide.what_.empty()) return;
  slide.is_shown_ = true;
  to_.begin(slide.what_, slide.is_new_ ? slide.total_ : 0, slide.unit_);  // what is shown late has no rate
}

void BatchProgress::tell() {
  const auto [share, seconds_left] = estimate_.state(std::chrono::duration<double>(Clock::now() - start_).count());
  to_.overall(slides_.front().at_, share, seconds_left);
  if (journal_) journal_->progress(share, seconds_left);
}

void BatchProgress::OfSlide::taken() {
  const std::lock_guard lock(batch_.mutex_);
  if (batch_.journal_) batch_.journal_->taken(name_);
  const std::size_t all = batch_.estimate_.slides();
  if (all < 2) return;
  const auto taken = std::ranges::count_if(batch_.slides_, [](const OfSlide& slide) { return !slide.at_.empty(); });
  at_ = "slide " + std::to_string(batch_.estimate_.ended() + static_cast<std::size_t>(taken) + 1) + " of " + std::to_string(all);
  batch_.tell();
  batch_.to_.info(at_ + ": " + name_);
}

void BatchProgress::OfSlide::begin(const std::string& what, std::int64_t total, const std::string& unit) {
  const std::lock_guard lock(batch_.mutex_);
  what_ = what;
  total_ = total;
  unit_ = unit;
  is_shown_ = false;
  is_new_ = true;
  if (unit == "tiles") batch_.estimate_.plan(slide_, total);
  batch_.tell();
  batch_.show(*this);
  is_new_ = false;
}

void BatchProgress::OfSlide::advance(std::int64_t done, const std::string& note) {
  const std::lock_guard lock(batch_.mutex_);
  if (unit_ == "tiles") batch_.estimate_.advance(slide_, done);
  batch_.tell();
  batch_.show(*this);
  if (is_shown_) batch_.to_.advance(done, note);
}

void BatchProgress::OfSlide::end() {
  const std::lock_guard lock(batch_.mutex_);
  if (is_shown_) batch_.to_.end();
  is_shown_ = false;
  what_.clear();
}

}  // namespace wsi_lpd::pipeline::archive
