#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/archive/job_list.hpp"

namespace wsi_lpd::pipeline::archive {

/// One of `count` disjoint parts of the slides of a source.
struct Shard {
  int number = 1;  ///< from 1 to count
  int count = 1;
  std::string text() const { return std::to_string(number) + "/" + std::to_string(count); }
};
inline constexpr int kMostShards = 1'000'000;

/// The shard that "3/8" names. Throws UsageError when the text is none, or its number is none of 1…count. Thread-safe.
Shard parse_shard(const std::string& text);

/// What the assignment of a slide depends on.
struct SizedSlide {
  std::string path;  ///< below the source, unique
  std::uint64_t bytes = 0;
};

/// The shard of each slide, from 1 to `count`. Every slide belongs to one shard. The slides are taken from the largest to the smallest,
/// those of equal size in the byte order of their paths. Each goes to the shard that has the fewest bytes so far, of these to the one with
/// the fewest slides, of these to the one with the lowest number. No two shards differ by more bytes than the largest slide has. The result
/// does not depend on the order of `slides`. Thread-safe.
std::vector<int> shards_of(const std::vector<SizedSlide>& slides, int count);

/// How much of a source belongs to a shard.
struct ShardShare {
  std::size_t slides = 0, slides_of_all = 0;
  std::uint64_t bytes = 0, bytes_of_all = 0;
};

/// Removes the jobs of other shards; the order of the others stays. `source` is what find_slides() found the jobs in: paths count from the
/// folder itself, or from the folder of the list or manifest, so that an archive may be mounted in several places. Reads the sizes of
/// files, with the folder beside the file for formats that keep their pixels there; a file that can't be read has 0 bytes. Thread-safe.
ShardShare keep_shard(JobList& jobs, const std::string& source, const Shard& shard);

}  // namespace wsi_lpd::pipeline::archive
