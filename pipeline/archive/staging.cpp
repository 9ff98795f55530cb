#include "wsi_lpd/pipeline/archive/staging.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "slide_copy.hpp"
#include "slide_parts.hpp"
#include "staging_folder.hpp"
#include "wsi_lpd/core/file_names.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/slide/archive_file.hpp"

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;
namespace {

/// "12.3 GiB"
std::string size_text(std::uint64_t bytes) {
  constexpr double kGib = 1 << 30, kMib = 1 << 20;
  const auto size = static_cast<double>(bytes);
  return size < kGib ? core::fixed(size / kMib, 1) + " MiB" : core::fixed(size / kGib, 1) + " GiB";
}

enum class State {
  Planned,
  Copying,  ///< or it is found out what is to be copied
  Blocked,  ///< its copy waits for space
  Copied,
  InPlace,  ///< to be read in place
  Given,    ///< by next()
};

struct Entry {
  Staging::Slide slide;
  std::function<bool(const segment::SlideJob&)> is_worth_it;
  State state = State::Planned;
  std::uint64_t bytes = 0;  ///< of its copy
  fs::path folder{}, read_from{};
};

class CopyingThread : public Staging {
 public:
  CopyingThread(StagingOptions options, core::ProgressObserver& observer)
      : options_(std::move(options)), observer_(observer), folder_(options_.folder), thread_([this] { work(); }) {}
  CopyingThread(const CopyingThread&) = delete;
  CopyingThread& operator=(const CopyingThread&) = delete;
  ~CopyingThread() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void plan(std::vector<Slide> slides, std::function<bool(const segment::SlideJob&)> is_worth_it) override {
    {
      const std::lock_guard lock(mutex_);
      for (Slide& slide : slides) entries_.push_back({std::move(slide), is_worth_it});
    }
    changed_.notify_all();
  }

  std::optional<Next> next() override {
    const std::lock_guard lock(mutex_);
    Entry* const entry = ready();
    if (!entry) return {};
    if (entry->state == State::Blocked && !said_full_) {
      said_full_ = true;
      observer_.info(entry->slide.job.slide.string() + ": is read in place: slides in work take the space of --stage-space, " +
                     size_text(options_.space) + " (others like it are not mentioned)");
    }
    if (entry->state == State::Copied) given_[entry->slide.number] = entry;
    entry->state = State::Given;
    changed_.notify_all();
    return Next{entry->slide.number, entry->read_from};
  }

  void wait() override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(200), [&] { return ready() != nullptr; });
  }

  void ended(std::size_t slide) override {
    const std::lock_guard lock(mutex_);
    const auto given = given_.find(slide);
    if (given == given_.end()) return;
    remove_copy(*given->second);
    given_.erase(given);
    changed_.notify_all();
  }

 private:
  /// The first that can be given. Copies come first: a slide that waits for space is read in place where a worker has nothing else.
  Entry* ready() {
    while (first_ < entries_.size() && entries_[first_].state == State::Given) ++first_;
    Entry* blocked = nullptr;
    for (std::size_t i = first_; i < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      if (entry.state == State::Copied || entry.state == State::InPlace) return &entry;
      if (entry.state == State::Blocked && !has_space_for(entry)) blocked = &entry;
      if (entry.state == State::Planned) break;  // none beyond it was looked at
    }
    return blocked;
  }
  Entry* planned() {
    const auto entry =
        std::ranges::find(entries_.begin() + static_cast<std::ptrdiff_t>(first_), entries_.end(), State::Planned, &Entry::state);
    return entry == entries_.end() ? nullptr : &*entry;
  }
  bool has_space_for(const Entry& entry) const { return used_ + entry.bytes <= options_.space; }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stop_ || planned(); });
      if (stop_) return;
      Entry& entry = *planned();
      entry.state = State::Copying;
      lock.unlock();
      const std::optional<SlideCopy> copy = what_to_copy(entry.slide.job, entry);
      lock.lock();
      if (copy) {
        entry.bytes = copy->bytes();
        entry.state = State::Blocked;
        changed_.notify_all();
        changed_.wait(lock, [&] { return stop_ || entry.state != State::Blocked || has_space_for(entry); });
        if (stop_) return;
        if (entry.state == State::Given) continue;
        entry.state = State::Copying;
        used_ += entry.bytes;
        entry.folder = folder_.path() / std::to_string(++copies_);
        lock.unlock();
        const bool is_copied = make_copy(*copy, entry);
        lock.lock();
        if (!is_copied) remove_copy(entry);
      }
      entry.state = entry.read_from.empty() ? State::InPlace : State::Copied;
      changed_.notify_all();
    }
  }

  /// Nothing where the slide is to be read in place.
  std::optional<SlideCopy> what_to_copy(const segment::SlideJob& job, const Entry& entry) {
    const std::string name = job.slide.string();
    try {
      const bool is_slide = job.failure.empty() && slide::why_no_slide(job.slide).empty() && !slide::format_of(job.slide).empty();
      if (!is_slide || !entry.is_worth_it(job)) return {};  // it fails at once, or is no more to be done
      const auto parts = parts_of_slide(job.slide);
      if (!parts) {
        const std::string ending = core::lower_ending(job.slide);
        if (said_unknown_.insert(ending).second)
          observer_.info(name + ": is read in place: which files belong to a slide of this format is not known (other " + ending +
                         " files are not mentioned)");
        return {};
      }
      SlideCopy copy(*parts);
      if (copy.bytes() <= options_.space) return copy;
      if (!std::exchange(said_large_, true))
        observer_.info(name + ": is read in place: it has " + size_text(copy.bytes()) + ", and --stage-space is " +
                       size_text(options_.space) + " (other large slides are not mentioned)");
    } catch (const std::exception& error) {
      warn(name, error);
    }
    return {};
  }

  /// False where it failed.
  bool make_copy(const SlideCopy& copy, Entry& entry) {
    try {
      if (const fs::space_info disk = fs::space(folder_.path()); disk.available < copy.bytes())
        throw core::Error(options_.folder.string() + ": has " + size_text(disk.available) + " of free space, and " +
                          size_text(copy.bytes()) + " are needed");
      entry.read_from = copy.copy_to(entry.folder, stop_);
      return true;
    } catch (const core::Cancelled&) {  // this object ends
    } catch (const std::exception& error) {
      warn(entry.slide.job.slide.string(), error);
    }
    return false;
  }

  void warn(const std::string& slide, const std::exception& error) {
    observer_.warn(slide + ": is read in place: copying it failed: " + error.what());
  }

  /// Called with the lock held. The space of what can't be removed stays in use.
  void remove_copy(Entry& entry) {
    std::error_code error, absent;
    fs::remove_all(entry.folder, error);
    if (error && fs::exists(entry.folder, absent))
      return observer_.warn(entry.folder.string() + ": a copy can't be removed: " + error.message());
    used_ -= entry.bytes;
  }

  StagingOptions options_;
  core::ProgressObserver& observer_;
  StagingFolder folder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> entries_;            // only grows: references stay valid
  std::size_t first_ = 0;                // all before it were given
  std::map<std::size_t, Entry*> given_;  // copies of slides in work
  std::uint64_t used_ = 0;               // bytes of all copies
  std::size_t copies_ = 0;
  std::set<std::string> said_unknown_;  // of the thread
  bool said_large_ = false;             // of the thread
  bool said_full_ = false;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Staging> start_staging(StagingOptions options, core::ProgressObserver& observer) {
  return std::make_unique<CopyingThread>(std::move(options), observer);
}

}  // namespace wsi_lpd::pipeline::archive
