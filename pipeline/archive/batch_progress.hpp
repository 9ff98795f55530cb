#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/output/journal.hpp"
#include "wsi_lpd/pipeline/archive/slide_runner.hpp"

namespace wsi_lpd::pipeline::archive {

/// Bytes of a slide's file and, if the format keeps its pixels there, of the folder beside it; 0 if unknown.
double slide_bytes(const std::filesystem::path& slide);

/// The progress of a batch, counted in tiles of tissue. The tiles of opened slides are known. Those of other slides are estimated from the
/// bytes of their files, with the tiles per byte of the opened slides. Not thread-safe.
class WorkEstimate {
 public:
  /// `bytes` of each slide of the batch.
  explicit WorkEstimate(const std::vector<double>& bytes);
  /// A slide is in work, also one that had ended: it had been left to another process.
  void start(std::size_t slide);
  /// `tiles` are known to come, beside those that are done.
  void plan(std::size_t slide, std::int64_t tiles);
  /// `tiles` of those planned last are done.
  void advance(std::size_t slide, std::int64_t tiles);
  /// Ends a slide: it is done, failed, or left to another process.
  void end(std::size_t slide);

  struct State {
    double share = 0;                      ///< 0…1
    std::optional<double> seconds_left{};  ///< not set until a tile is done
  };
  State state(double seconds) const;
  std::size_t slides() const { return slides_.size(); }
  std::size_t ended() const { return sums_.ended; }

 private:
  struct Slide {
    double bytes = 0;
    std::optional<std::int64_t> tiles{};
    std::int64_t before = 0, done = 0;  ///< when the last tiles were planned, and now
    bool ended = false;
  };
  /// Of all slides, so that state() takes no time for each.
  struct Sums {
    std::size_t ended = 0;
    double done = 0, known_tiles = 0, known_bytes = 0, tiles_left = 0, unopened_bytes = 0;
  };
  /// Adds a slide to the sums, or takes it out (`sign` -1).
  void count(const Slide& slide, int sign);
  void change(std::size_t slide, const std::function<void(Slide&)>& change);

  std::vector<Slide> slides_;
  Sums sums_;
};

/// What a batch tells of its slides and of the whole. All messages are forwarded; stages are those of the slide that was started first of
/// those in work. Beginnings and progress go to the journal, too, where there is one. Keeps references to both. Thread-safe.
class BatchProgress {
 public:
  BatchProgress(core::ProgressObserver& to, const std::vector<double>& bytes, output::Journal* journal = nullptr)
      : to_(to), journal_(journal), estimate_(bytes) {}
  ~BatchProgress() { to_.overall({}, 1, {}); }

  /// The observer of a slide that is started, until leave(); `name` is for people.
  SlideObserver& start(std::size_t slide, const std::string& name);
  void leave(std::size_t slide);

 private:
  using Clock = std::chrono::steady_clock;
  class OfSlide : public SlideObserver {
   public:
    OfSlide(BatchProgress& batch, std::size_t slide, std::string name) : batch_(batch), slide_(slide), name_(std::move(name)) {}
    void taken() override;
    void begin(const std::string& what, std::int64_t total, const std::string& unit) override;
    void advance(std::int64_t done, const std::string& note) override;
    void end() override;
    void info(const std::string& line) override { batch_.to_.info(line); }
    void warn(const std::string& line) override { batch_.to_.warn(line); }
    void error(const std::string& line) override { batch_.to_.error(line); }

   private:
    friend class BatchProgress;
    BatchProgress& batch_;
    std::size_t slide_;
    std::string name_;
    std::string at_{};  // "slide 3 of 12"; empty until it is taken, and where the batch is one slide
    std::string what_{}, unit_{};
    std::int64_t total_ = 0;
    bool is_new_ = false;    // its stage has just begun
    bool is_shown_ = false;  // its stage is the one that the observer was told last
  };
  using Slides = std::list<OfSlide>;

  void show(OfSlide& slide);
  void tell();

  core::ProgressObserver& to_;
  output::Journal* journal_;
  WorkEstimate estimate_;
  std::mutex mutex_;
  Slides slides_;  // in work, by the order in which they were started
  Clock::time_point start_ = Clock::now();
};

}  // namespace wsi_lpd::pipeline::archive
