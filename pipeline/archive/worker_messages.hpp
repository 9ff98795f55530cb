#pragma once
// What a batch and its worker processes say to each other: one JSON object a line.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/pipeline/archive/slide_runner.hpp"
#include "wsi_lpd/pipeline/archive/workers.hpp"

namespace wsi_lpd::pipeline::archive {

/// The file descriptor of a worker's connection to the batch.
inline constexpr int kWorkerConnection = 3;

using Message = nlohmann::json;

/// A job's names may be no UTF-8: each byte becomes one character of Latin-1.
std::string line_of(const Message& message);
/// Nothing where the line is no message.
std::optional<Message> message_of(const std::string& line);

/// Texts whose bytes come back as they were, UTF-8 or not.
Message packed(const std::string& bytes);
std::string unpacked(const Message& text);

Message message_of(const WorkerShare& share, const core::LockTimes& lock);
WorkerShare share_of(const Message& message);
core::LockTimes lock_of(const Message& message);

Message message_of(const segment::SlideJob& job, bool force);
segment::SlideJob job_of(const Message& message);

/// Without its statistics, which are in the slide's file.
Message message_of(const SlideOutcome& outcome);
SlideOutcome outcome_of(const Message& message);

/// Lines from a file descriptor that does not block.
class LineReader {
 public:
  /// Appends the complete lines that have come. False at the end of the stream, whose last, incomplete line is given, too.
  bool read(int file, std::vector<std::string>& lines);

 private:
  std::string rest_;
};

}  // namespace wsi_lpd::pipeline::archive
