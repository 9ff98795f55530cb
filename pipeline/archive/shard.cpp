#include "wsi_lpd/pipeline/archive/shard.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <queue>
#include <tuple>

#include "batch_progress.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;
namespace {

/// The number that all of `text` is; 0 where it is none, or too large.
int whole_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = !text.empty() && text[0] != '-' && error == std::errc() && end == text.data() + text.size();
  return is_number && number <= kMostShards ? number : 0;
}

fs::path folder_of(const std::string& source) {
  std::error_code ignored;
  if (fs::is_directory(source, ignored)) return source;
  return fs::is_regular_file(source, ignored) ? fs::path(source).parent_path() : fs::path();
}

std::string path_below(const fs::path& folder, const fs::path& slide) {
  const fs::path path = slide.lexically_normal(), below = path.lexically_relative(folder.lexically_normal());
  return (below.empty() ? path : below).generic_string();
}

}  // namespace

Shard parse_shard(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string how =
      "; write i/n, the i-th of n parts, with i from 1 to n and n up to " + std::to_string(kMostShards) + ", such as 3/8";
  if (slash == std::string::npos) throw core::UsageError("'" + text + "' is no shard" + how);
  const Shard shard{whole_number(std::string_view(text).substr(0, slash)), whole_number(std::string_view(text).substr(slash + 1))};
  if (shard.number < 1 || shard.count < 1 || shard.number > shard.count) throw core::UsageError("'" + text + "' is no shard" + how);
  return shard;
}

std::vector<int> shards_of(const std::vector<SizedSlide>& slides, int count) {
  std::vector<std::size_t> turn(slides.size());
  std::iota(turn.begin(), turn.end(), 0);
  std::ranges::sort(turn, [&](std::size_t a, std::size_t b) {
    return std::tie(slides[b].bytes, slides[a].path) < std::tie(slides[a].bytes, slides[b].path);
  });
  using Load = std::tuple<std::uint64_t, std::size_t, int>;  // bytes, slides, shard
  std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
  for (int shard = 1; shard <= count; ++shard) loads.emplace(0, 0, shard);
  std::vector<int> shards(slides.size());
  for (const std::size_t i : turn) {
    const auto [bytes, held, shard] = loads.top();
    loads.pop();
    shards[i] = shard;
    loads.emplace(bytes + slides[i].bytes, held + 1, shard);
  }
  return shards;
}

ShardShare keep_shard(JobList& jobs, const std::string& source, const Shard& shard) {
  const fs::path folder = folder_of(source);
  std::vector<SizedSlide> slides;
  slides.reserve(jobs.size());
  for (const segment::SlideJob& job : jobs)
    slides.push_back({path_below(folder, job.slide), static_cast<std::uint64_t>(slide_bytes(job.slide))});
  const std::vector<int> shards = shards_of(slides, shard.count);
  ShardShare share{.slides_of_all = jobs.size()};
  JobList kept;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    share.bytes_of_all += slides[i].bytes;
    if (shards[i] != shard.number) continue;
    share.bytes += slides[i].bytes;
    kept.push_back(jobs[i]);
  }
  share.slides = kept.size();
  jobs = std::move(kept);
  return share;
}

}  // namespace wsi_lpd::pipeline::archive
