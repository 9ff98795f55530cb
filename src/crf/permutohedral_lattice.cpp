#include "permutohedral_lattice.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/crf/lattice_geometry.hpp"

namespace wsi_lpd::crf {
namespace {

constexpr std::int64_t kSide = TileGrid::kSide;
constexpr std::int64_t kPointsPerTask = 4096;
constexpr std::uint32_t kAbsent = 0xFFFFFFFF;
constexpr std::uint32_t kChainStart = 0x80000000;

/// Numbers distinct keys 0, 1, … in the order they come. Open addressing, at most half full.
class KeyTable {
 public:
  explicit KeyTable(std::size_t expected) : slots_(std::bit_ceil(2 * expected)) {}

  std::uint32_t find(std::uint64_t key) const { return slots_[slot_of(key)].number; }
  std::uint32_t find_or_add(std::uint64_t key) {
    Slot& slot = slots_[slot_of(key)];
    if (slot.number != kAbsent) return slot.number;
    const auto number = static_cast<std::uint32_t>(keys_.size());
    slot = {number, tag(key)};
    keys_.push_back(key);
    if (2 * keys_.size() > slots_.size()) grow();
    return number;
  }
  const std::vector<std::uint64_t>& keys() const { return keys_; }
  std::vector<std::uint64_t> take_keys() { return std::move(keys_); }

 private:
  struct Slot {
    std::uint32_t number = kAbsent;
    std::uint32_t tag = 0;  ///< part of the hash: hardly ever equal when the keys are not, which are far away in memory
  };
  static std::uint64_t hash(std::uint64_t key) { return key * 0x9E3779B97F4A7C15; }
  static std::uint32_t tag(std::uint64_t key) { return static_cast<std::uint32_t>(hash(key)); }
  std::size_t slot_of(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = hash(key) >> (64 - std::countr_zero(slots_.size()));
    const auto other = [&](const Slot& s) { return s.number != kAbsent && (s.tag != tag(key) || keys_[s.number] != key); };
    while (other(slots_[slot])) slot = (slot + 1) & mask;
    return slot;
  }
  void grow() {
    slots_ = std::vector<Slot>(2 * slots_.size());
    for (std::uint32_t number = 0; number < keys_.size(); ++number) slots_[slot_of(keys_[number])] = {number, tag(keys_[number])};
  }

  std::vector<Slot> slots_;
  std::vector<std::uint64_t> keys_;
};

/// To the nearest integer, ties to even, for |x| < 2^22; the compiler makes SIMD of it on any processor.
float round_small(float x) {
  constexpr float kMagic = 12582912;  // 1.5 · 2^23: no bits below 1
  return (x + kMagic) - kMagic;
}

/// The enclosing simplices of a row of pixels, before ranks become keys. [coordinate][pixel]
template <int D>
struct Row {
  std::array<std::array<float, kSide>, D + 1> gap;              ///< distance to the nearest point of remainder 0, divided by D + 1
  std::array<std::array<std::int32_t, kSide>, D + 1> quotient;  ///< of that point
  std::array<std::array<std::int32_t, kSide>, D + 1> rank;      ///< of the gap, 0 = largest
};

/// Adams et al., section 3: elevation onto the hyperplane of zero sum, rounding, repair of the sum by rank.
template <int D>
void embed_row(const float* features, Row<D>& row) {
  constexpr float kInverse = 1.0F / (D + 1);
  std::array<std::array<float, kSide>, D + 1> elevated;
  std::array<float, kSide> sum{};
  for (int j = D; j > 0; --j) {
    const float scale = elevation_scale(D, j);
    for (std::int64_t i = 0; i < kSide; ++i) {
      const float scaled = features[(j - 1) * kSide + i] * scale;
      elevated[j][i] = sum[i] - static_cast<float>(j) * scaled;
      sum[i] += scaled;
    }
  }
  elevated[0] = sum;

  std::array<std::int32_t, kSide> excess{};
  for (int j = 0; j <= D; ++j) {
    for (std::int64_t i = 0; i < kSide; ++i) {
      const float quotient = round_small(elevated[j][i] * kInverse);
      row.gap[j][i] = elevated[j][i] - quotient * (D + 1);
      row.quotient[j][i] = static_cast<std::int32_t>(quotient);
      excess[i] += row.quotient[j][i];
    }
  }
  row.rank.fill(excess);
  for (int a = 0; a <= D; ++a) {
    for (int b = a + 1; b <= D; ++b) {
      for (std::int64_t i = 0; i < kSide; ++i) {
        const std::int32_t smaller = row.gap[a][i] < row.gap[b][i];
        row.rank[a][i] += smaller;
        row.rank[b][i] += 1 - smaller;
      }
    }
  }
  for (int j = 0; j <= D; ++j) {
    for (std::int64_t i = 0; i < kSide; ++i) {
      const std::int32_t wrap = (row.rank[j][i] < 0) - (row.rank[j][i] > D);
      row.rank[j][i] += wrap * (D + 1);
      row.quotient[j][i] += wrap;
      row.gap[j][i] = (row.gap[j][i] - static_cast<float>(wrap * (D + 1))) * kInverse;
    }
  }
}

/// values[p] += ½ (values before p + values after p) in place, for the chains that start in [begin, end).
void blur(const std::vector<std::uint32_t>& chains, std::size_t begin, std::size_t end, Float4* values) {
  const auto starts = [&](std::size_t i) { return i == chains.size() || (chains[i] & kChainStart) != 0; };
  std::size_t i = begin;
  while (!starts(i)) ++i;
  while (i < end) {
    Float4 before{}, here = values[chains[i] & ~kChainStart];
    for (bool last = false; !last; ++i) {
      last = starts(i + 1);
      const Float4 after = last ? Float4{} : values[chains[i + 1]];
      values[chains[i] & ~kChainStart] = here + 0.5F * (before + after);
      before = here;
      here = after;
    }
  }
}

}  // namespace

template <int D>
void check_reach(const std::array<float, D>& largest, std::int64_t width, std::int64_t height) {
  double reach = 1;  // of the quotients: elevated coordinates divided by D + 1, rounded
  for (int j = 0; j < D; ++j) reach += std::sqrt(2.0 / 3) * largest[j];
  if (!(reach < static_cast<double>(LatticeKey<D>::kLargest)))
    throw core::UsageError("CRF: a sigma is too small for an image of " + std::to_string(width) + " x " + std::to_string(height) +
                           " pixels; choose a larger one");
}

template <int D>
PermutohedralLattice<D>::PermutohedralLattice(const TileGrid& grid, const std::array<float, D>& largest, const RowFeatures& features,
                                              int planes, ThreadTeam& team)
    : grid_(grid), simplices_(grid.width * grid.height), scale_(grid.width * grid.height, 1.0F) {
  check_reach<D>(largest, grid.width, grid.height);
  std::vector<std::vector<std::uint64_t>> tile_keys(grid.count());
  team.for_each(grid.count(), [&](std::int64_t t, int) { tile_keys[t] = embed(t, features); });
  number_points(std::move(tile_keys), team);
  allocate(1);
  normalise(team);
  allocate(planes);
}

/// Finds the simplices of a tile's pixels and returns the keys of their points.
template <int D>
std::vector<std::uint64_t> PermutohedralLattice<D>::embed(std::int64_t t, const RowFeatures& features) {
  const core::Rect tile = grid_.tile(t);
  Simplex* simplex = &simplices_[grid_.first_pixel(tile)];
  KeyTable table(1024);
  std::array<float, D * kSide> row_features{};
  Row<D> row;
  std::array<std::uint64_t, D + 1> last_key;  // neighbouring pixels share most points
  std::array<std::uint16_t, D + 1> last_point{};
  last_key.fill(~std::uint64_t{0});
  for (std::int64_t y = tile.y; y < tile.bottom(); ++y) {
    features(tile.x, y, tile.width, row_features.data());
    embed_row<D>(row_features.data(), row);
    for (std::int64_t i = 0; i < tile.width; ++i, ++simplex) {
      std::array<float, D + 1> gap_of_rank;
      std::array<std::uint64_t, D + 1> unit_of_rank;
      std::uint64_t key = 0;
      for (int j = 0; j <= D; ++j) {
        gap_of_rank[row.rank[j][i]] = row.gap[j][i];
        unit_of_rank[row.rank[j][i]] = LatticeKey<D>::unit(j);
        key += static_cast<std::uint64_t>(row.quotient[j][i] + LatticeKey<D>::kBias) * LatticeKey<D>::unit(j);
      }
      for (int r = 0; r <= D; ++r) {
        simplex->weight[r] = r == 0 ? gap_of_rank[D] + (1 - gap_of_rank[0]) : gap_of_rank[D - r] - gap_of_rank[D + 1 - r];
        if (key != last_key[r]) {
          last_key[r] = key;
          last_point[r] = static_cast<std::uint16_t>(table.find_or_add(key));
        }
        simplex->point[r] = last_point[r];
        key += 1 - unit_of_rank[D - r];  // the point of remainder r + 1
      }
    }
  }
  return table.take_keys();
}

/// Merges the tiles' points and finds their neighbours.
template <int D>
void PermutohedralLattice<D>::number_points(std::vector<std::vector<std::uint64_t>> tile_keys, ThreadTeam& team) {
  first_copy_.push_back(0);
  for (const auto& keys : tile_keys) first_copy_.push_back(first_copy_.back() + keys.size());
  if (first_copy_.back() >= kChainStart) throw core::Error("CRF: the image has too many pixels; process it in parts");

  KeyTable table(first_copy_.back() / 2);
  point_of_copy_.reserve(first_copy_.back());
  for (auto& keys : tile_keys) {
    for (const std::uint64_t key : keys) point_of_copy_.push_back(table.find_or_add(key));
    std::vector<std::uint64_t>().swap(keys);  // memory is highest here
  }
  points_ = table.keys().size();

  // Counting sort of the copies by point.
  first_of_point_.assign(points_ + 2, 0);
  for (const std::uint32_t point : point_of_copy_) ++first_of_point_[point + 2];
  for (std::size_t p = 2; p < first_of_point_.size(); ++p) first_of_point_[p] += first_of_point_[p - 1];
  copies_.resize(point_of_copy_.size());
  for (std::uint32_t copy = 0; copy < copies_.size(); ++copy) copies_[first_of_point_[point_of_copy_[copy] + 1]++] = copy;

  team.for_each(D + 1, [&](std::int64_t j, int) {
    std::vector<std::uint32_t> after(points_);
    std::vector<bool> starts(points_, true);
    for (std::uint32_t p = 0; p < points_; ++p) {
      after[p] = table.find(LatticeKey<D>::after(table.keys()[p], static_cast<int>(j)));
      if (after[p] != kAbsent) starts[after[p]] = false;
    }
    chains_[j].reserve(points_);
    for (std::uint32_t start = 0; start < points_; ++start) {
      if (!starts[start]) continue;
      chains_[j].push_back(start | kChainStart);
      for (std::uint32_t p = after[start]; p != kAbsent; p = after[p]) chains_[j].push_back(p);
    }
  });
}

template <int D>
void PermutohedralLattice<D>::allocate(int planes) {
  planes_ = planes;
  copy_values_.resize(planes * copies_.size());
  values_.resize(planes * points_);
}

template <int D>
void PermutohedralLattice<D>::normalise(ThreadTeam& team) {
  const std::vector<Float4> ones(kSide * kSide, Float4{1, 1, 1, 1});
  team.for_each(grid_.count(), [&](std::int64_t t, int) { splat(t, ones.data()); });
  filter(team);
  team.for_each(grid_.count(), [&](std::int64_t t, int) {
    const core::Rect tile = grid_.tile(t);
    std::vector<Float4> sums(tile.width * tile.height);
    slice(t, 1, sums.data());
    float* scale = &scale_[grid_.first_pixel(tile)];
    for (const Float4 sum : sums) *scale++ = 1 / std::sqrt(sum[0] + 1e-20F);
  });
}

template <int D>
void PermutohedralLattice<D>::splat(std::int64_t t, const Float4* values) {
  const core::Rect tile = grid_.tile(t);
  const std::int64_t pixels = tile.width * tile.height;
  const Simplex* const simplices = &simplices_[grid_.first_pixel(tile)];
  const float* const scale = &scale_[grid_.first_pixel(tile)];
  for (int plane = 0; plane < planes_; ++plane, values += pixels) {
    Float4* const sums = &copy_values_[plane * copies_.size() + first_copy_[t]];
    std::fill(sums, sums + (first_copy_[t + 1] - first_copy_[t]), Float4{});
    for (std::int64_t i = 0; i < pixels; ++i) {
      const Simplex& simplex = simplices[i];
      const Float4 value = values[i] * scale[i];
      for (int r = 0; r <= D; ++r) sums[simplex.point[r]] += simplex.weight[r] * value;
    }
  }
}

template <int D>
void PermutohedralLattice<D>::filter(ThreadTeam& team) {
  const auto tasks_of_plane = core::divide_up(static_cast<std::int64_t>(points_), kPointsPerTask);
  const auto for_each_part = [&](const auto& work) {  // work(plane, first point, end)
    team.for_each(planes_ * tasks_of_plane, [&](std::int64_t task, int) {
      const std::size_t begin = task % tasks_of_plane * kPointsPerTask;
      work(task / tasks_of_plane, begin, std::min(begin + kPointsPerTask, points_));
    });
  };
  for_each_part([&](std::size_t plane, std::size_t begin, std::size_t end) {
    const Float4* const copy_values = &copy_values_[plane * copies_.size()];
    Float4* const values = &values_[plane * points_];
    for (std::size_t p = begin; p < end; ++p) {
      Float4 sum{};
      for (std::uint32_t c = first_of_point_[p]; c < first_of_point_[p + 1]; ++c) sum += copy_values[copies_[c]];
      values[p] = sum;
    }
  });
  for (const std::vector<std::uint32_t>& chains : chains_) {
    for_each_part([&](std::size_t plane, std::size_t begin, std::size_t end) { blur(chains, begin, end, &values_[plane * points_]); });
  }
}

template <int D>
void PermutohedralLattice<D>::slice(std::int64_t t, float weight, Float4* sums) const {
  const core::Rect tile = grid_.tile(t);
  const std::int64_t pixels = tile.width * tile.height;
  const Simplex* const simplices = &simplices_[grid_.first_pixel(tile)];
  const float* const scale = &scale_[grid_.first_pixel(tile)];
  const std::uint32_t* const points = &point_of_copy_[first_copy_[t]];
  const std::size_t copies = first_copy_[t + 1] - first_copy_[t];
  const float gain = weight / (1 + std::exp2(static_cast<float>(-D)));
  std::vector<Float4> local(copies);
  for (int plane = 0; plane < planes_; ++plane, sums += pixels) {
    const Float4* const values = &values_[plane * points_];
    for (std::size_t c = 0; c < copies; ++c) local[c] = values[points[c]];
    for (std::int64_t i = 0; i < pixels; ++i) {
      const Simplex& simplex = simplices[i];
      Float4 sum = simplex.weight[0] * local[simplex.point[0]];
      for (int r = 1; r <= D; ++r) sum += simplex.weight[r] * local[simplex.point[r]];
      sums[i] += gain * scale[i] * sum;
    }
  }
}

template void check_reach<2>(const std::array<float, 2>&, std::int64_t, std::int64_t);
template void check_reach<5>(const std::array<float, 5>&, std::int64_t, std::int64_t);
template class PermutohedralLattice<2>;
template class PermutohedralLattice<5>;

}  // namespace wsi_lpd::crf
