#include "wsi_lpd/core/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {
namespace {

constexpr std::size_t kLongestHost = 20, kLongestNumber = 10, kHash = 8;  // bytes
/// Of NAME in NAME.HOST-PID-RANDOM.part.
constexpr std::size_t kLongestName = 255 - (1 + kLongestHost + 1 + kLongestNumber + 1 + kHash + 5);
constexpr const char* kHex = "0123456789abcdef";

std::string hexadecimal(std::uint32_t value) {
  std::string text(kHash, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value >>= 4) *digit = kHex[value & 15];
  return text;
}

/// FNV-1a: names have the same hash on every machine.
std::uint32_t hash_of(const std::string& text) {
  std::uint32_t hash = 2166136261U;
  for (const unsigned char byte : text) hash = (hash ^ byte) * 16777619U;
  return hash;
}

/// NAME as it is in the names of its parts. The end stays, as it tells what the file is, and no character of UTF-8 is cut.
std::string short_name(const std::string& name) {
  constexpr std::size_t kEnd = 30;
  if (name.size() <= kLongestName) return name;
  const auto is_inside = [&](std::size_t at) { return (static_cast<unsigned char>(name[at]) & 0xC0) == 0x80; };
  std::size_t head = kLongestName - kEnd - kHash - 2, tail = name.size() - kEnd;
  while (head > 0 && is_inside(head)) --head;
  while (tail < name.size() && is_inside(tail)) ++tail;
  return name.substr(0, head) + "~" + hexadecimal(hash_of(name)) + "~" + name.substr(tail);
}

/// ".HOST-PID-RANDOM"
bool is_tag(const std::string& extension) {
  const std::size_t random = extension.rfind('-');
  if (random == std::string::npos || random == 0 || extension.size() - random - 1 != kHash) return false;
  const std::size_t pid = extension.rfind('-', random - 1);
  const auto all_of = [&](std::size_t begin, std::size_t end, const char* known) {
    return begin < end && extension.find_first_not_of(known, begin) >= end;
  };
  return pid != std::string::npos && pid > 1 && all_of(pid + 1, random, "0123456789") && all_of(random + 1, extension.size(), kHex);
}

}  // namespace

std::string host_name() {
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) != 0 || !*name) return "unknown";
  return name;
}

std::filesystem::path part_path(const std::filesystem::path& final_path) {
  std::string host = host_name();
  host = host.substr(0, std::min(host.find('.'), kLongestHost));
  std::replace_if(
      host.begin(), host.end(), [](unsigned char c) { return !std::isalnum(c) && c != '-'; }, '_');
  return final_path.parent_path() / (short_name(final_path.filename().string()) + "." + host + "-" + std::to_string(getpid()) + "-" +
                                     hexadecimal(static_cast<std::uint32_t>(std::random_device()())) + ".part");
}

std::filesystem::path final_path(const std::filesystem::path& part) {
  if (part.extension() != ".part") return {};
  std::filesystem::path name = part.filename().replace_extension();
  if (is_tag(name.extension().string())) name.replace_extension();
  return part.parent_path() / name;
}

bool is_part_of(const std::filesystem::path& part, const std::filesystem::path& final) {
  return final_path(part) == final.parent_path() / short_name(final.filename().string());
}

void remove_old_parts(const std::filesystem::path& final, std::chrono::seconds age) {
  namespace fs = std::filesystem;
  std::error_code gone;  // other processes write and remove their own
  const fs::path folder = final.parent_path();
  std::vector<fs::path> parts;
  for (auto entry = fs::directory_iterator(folder.empty() ? "." : folder, gone); !gone && entry != fs::end(entry); entry.increment(gone))
    if (is_part_of(folder / entry->path().filename(), final)) parts.push_back(entry->path());
  if (parts.empty()) return;
  const PartFile now(final, Durable::No);
  std::ofstream(now.path()) << ' ';
  const auto time = fs::last_write_time(now.path(), gone);
  if (gone) return;
  for (const fs::path& part : parts) {
    const auto written = fs::last_write_time(part, gone);
    if (!gone && time - written > age) fs::remove(part, gone);
  }
}

PartFile::PartFile(std::filesystem::path final_path, Durable durable)
    : final_(std::move(final_path)), part_(part_path(final_)), durable_(durable) {}

PartFile::PartFile(PartFile&& other) noexcept : final_(std::move(other.final_)), part_(std::move(other.part_)), durable_(other.durable_) {
  other.part_.clear();
}

PartFile::~PartFile() {
  std::error_code ignored;
  if (!part_.empty()) std::filesystem::remove(part_, ignored);
}

void PartFile::commit() {
  std::error_code absent;
  const std::filesystem::file_status place = std::filesystem::status(final_, absent);
  if (std::filesystem::exists(place) && !std::filesystem::is_regular_file(place) && !std::filesystem::is_directory(place))
    throw Error("writing " + final_.string() + ": is a pipe or a device, which a file would take the place of");
  if (durable_ == Durable::Yes) {
    const int descriptor = open(part_.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && fsync(descriptor) == 0;
    const int reason = errno;
    if (descriptor >= 0) close(descriptor);
    if (!synced) throw Error("writing " + final_.string() + ": " + std::strerror(reason));
  }
  if (std::rename(part_.c_str(), final_.c_str()) != 0) throw Error("writing " + final_.string() + ": " + std::strerror(errno));
  part_.clear();
}

PartFolder::PartFolder(std::filesystem::path final_path) : final_(std::move(final_path)), part_(part_path(final_)) {
  std::filesystem::create_directories(part_);
}

PartFolder::~PartFolder() {
  std::error_code ignored;
  if (!part_.empty()) std::filesystem::remove_all(part_, ignored);
}

void PartFolder::commit() {
  const std::filesystem::path old = part_path(final_);
  std::error_code absent;
  std::filesystem::rename(final_, old, absent);  // at once, where removing takes long
  std::filesystem::rename(part_, final_);
  part_.clear();
  if (!absent) std::filesystem::remove_all(old);
}

void write_text_file(const std::filesystem::path& path, const std::string& text, Durable durable) {
  PartFile part(path, durable);
  errno = 0;
  std::ofstream stream(part.path(), std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) throw Error("writing " + path.string() + ": " + std::strerror(errno));
  part.commit();
}

std::string read_text_file(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) throw Error(path.string() + ": is a folder; name a file");
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream || stream.bad()) throw Error("reading " + path.string() + ": " + std::strerror(errno ? errno : EIO));
  return text;
}

}  // namespace wsi_lpd::core
