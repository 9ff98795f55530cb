#include "worker_messages.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>

#include "wsi_lpd/core/json_text.hpp"

namespace wsi_lpd::pipeline::archive {

std::string line_of(const Message& message) { return core::json_text(message) + "\n"; }

std::optional<Message> message_of(const std::string& line) {
  Message message = Message::parse(line, nullptr, false);
  return message.is_object() ? std::optional(std::move(message)) : std::nullopt;
}

Message packed(const std::string& bytes) {
  std::string text;
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte < 0x80) {
      text += each;
    } else {
      text += static_cast<char>(0xC0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

std::string unpacked(const Message& text) {
  const auto& packed = text.get_ref<const std::string&>();
  std::string bytes;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    const auto first = static_cast<unsigned char>(packed[i]);
    bytes += first < 0x80 || i + 1 == packed.size() ? packed[i] : static_cast<char>((first & 0x03) << 6 | (packed[++i] & 0x3F));
  }
  return bytes;
}

Message message_of(const WorkerShare& share, const core::LockTimes& lock) {
  return {{"threads", share.threads},
          {"device", share.device},
          {"memory", share.memory},
          {"heartbeat", lock.heartbeat.count()},
          {"limit", lock.limit.count()}};
}
WorkerShare share_of(const Message& message) { return {message.at("threads"), message.at("device"), message.at("memory")}; }
core::LockTimes lock_of(const Message& message) {
  return {std::chrono::milliseconds(message.at("heartbeat")), std::chrono::milliseconds(message.at("limit"))};
}

Message message_of(const segment::SlideJob& job, bool force) {
  Message message{{"slide", packed(job.slide.string())}, {"stem", packed(job.stem.string())}, {"force", force}};
  if (job.mpp) message["mpp"] = *job.mpp;
  if (!job.failure.empty()) message["failure"] = packed(job.failure);
  if (!job.read_from.empty()) message["read_from"] = packed(job.read_from.string());
  return message;
}
segment::SlideJob job_of(const Message& message) {
  segment::SlideJob job{unpacked(message.at("slide")), unpacked(message.at("stem")), {}};
  if (message.contains("mpp")) job.mpp = message["mpp"].get<double>();
  if (message.contains("failure")) job.failure = unpacked(message["failure"]);
  if (message.contains("read_from")) job.read_from = unpacked(message["read_from"]);
  return job;
}

Message message_of(const SlideOutcome& outcome) {
  return {{"outcome", static_cast<int>(outcome.kind)}, {"slide", packed(outcome.slide.string())}, {"reason", packed(outcome.reason)}};
}
SlideOutcome outcome_of(const Message& message) {
  return {
      static_cast<SlideOutcome::Kind>(message.at("outcome").get<int>()), unpacked(message.at("slide")), {}, unpacked(message.at("reason"))};
}

bool LineReader::read(int file, std::vector<std::string>& lines) {
  char bytes[4096];
  ssize_t count = 0;
  while ((count = ::read(file, bytes, sizeof bytes)) > 0 || (count < 0 && errno == EINTR)) {
    if (count > 0) rest_.append(bytes, static_cast<std::size_t>(count));
  }
  const bool is_open = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(rest_.substr(begin, end - begin));
  rest_.erase(0, begin);
  constexpr std::size_t kLongest = 1 << 20;  // a process that prints without end has no lines
  if (!rest_.empty() && (!is_open || rest_.size() > kLongest)) lines.push_back(std::exchange(rest_, {}));
  return is_open;
}

}  // namespace wsi_lpd::pipeline::archive
