#include "wsi_lpd/raster/small_pieces.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace wsi_lpd::raster {

SmallPieces::SmallPieces(std::int64_t width, std::int64_t smallest)
    : width_(width),
      smallest_(smallest),
      longest_(smallest > 1 ? static_cast<std::int64_t>(std::ceil(4 * std::sqrt(static_cast<double>(smallest)))) : 0) {}

std::size_t SmallPieces::root(std::size_t piece) const {
  while (pieces_[piece].parent != piece) piece = pieces_[piece].parent;
  return piece;
}

std::size_t SmallPieces::new_piece() {
  if (free_.empty()) {
    free_.push_back(pieces_.size());
    pieces_.emplace_back();
  }
  const std::size_t piece = free_.back();
  free_.pop_back();
  pieces_[piece] = {
      .parent = piece, .users = 0, .pixels = 0, .left = width_, .right = 0, .top = rows_seen_, .bottom = rows_seen_ + 1, .anchored = false};
  return piece;
}

void SmallPieces::unite(std::size_t a, std::size_t b) {
  a = root(a), b = root(b);
  if (a == b) return;
  if (pieces_[a].pixels < pieces_[b].pixels) std::swap(a, b);  // keeps the ways to the root short
  Piece &whole = pieces_[a], &part = pieces_[b];
  whole.pixels += part.pixels;
  whole.left = std::min(whole.left, part.left);
  whole.right = std::max(whole.right, part.right);
  whole.top = std::min(whole.top, part.top);
  whole.bottom = std::max(whole.bottom, part.bottom);
  whole.anchored |= part.anchored;
  part.parent = a;
  ++whole.users;
}

void SmallPieces::release(std::size_t piece) {
  while (--pieces_[piece].users == 0) {
    free_.push_back(piece);
    const std::size_t parent = pieces_[piece].parent;
    if (parent == piece) return;
    piece = parent;
  }
}

void SmallPieces::add_row(std::span<const std::uint8_t> row) {
  static const std::vector<Run> nothing;
  const std::vector<Run>& above = rows_.empty() ? nothing : rows_.back();
  std::vector<Run> runs;
  auto over = above.begin();
  for (std::int64_t x = 0; x < width_; ++x) {
    if (row[static_cast<std::size_t>(x)] == kNone) continue;
    Run run{x, x, 0};
    bool anchored = false;
    for (; run.end < width_ && row[static_cast<std::size_t>(run.end)] != kNone; ++run.end)
      anchored |= row[static_cast<std::size_t>(run.end)] == kAnchored;
    x = run.end;
    while (over != above.end() && over->end <= run.begin) ++over;
    bool joined = false;
    for (auto touching = over; touching != above.end() && touching->begin < run.end; ++touching) {
      if (!joined) run.piece = root(touching->piece);
      if (joined) unite(run.piece, touching->piece);
      joined = true;
    }
    run.piece = joined ? root(run.piece) : new_piece();
    Piece& piece = pieces_[run.piece];
    ++piece.users;
    piece.pixels += run.end - run.begin;
    piece.left = std::min(piece.left, run.begin);
    piece.right = std::max(piece.right, run.end);
    piece.bottom = rows_seen_ + 1;
    piece.anchored |= anchored;
    runs.push_back(run);
  }
  rows_.push_back(std::move(runs));
  ++rows_seen_;
}

bool SmallPieces::stays(const Piece& whole) const {
  return whole.anchored || whole.pixels >= smallest_ || whole.right - whole.left > longest_ || whole.bottom - whole.top > longest_;
}

// When a row leaves, a piece of it that may still grow has reached down by more than longest_ rows: it stays, whatever comes.
std::optional<std::vector<std::uint8_t>> SmallPieces::next_row() {
  if (rows_.empty() || (!finished_ && static_cast<std::int64_t>(rows_.size()) <= longest_)) return {};
  std::vector<std::uint8_t> row(static_cast<std::size_t>(width_));
  for (const Run& run : rows_.front()) {
    if (stays(pieces_[root(run.piece)])) std::fill(row.begin() + run.begin, row.begin() + run.end, std::uint8_t{1});
  }
  for (const Run& run : rows_.front()) release(run.piece);
  rows_.pop_front();
  return row;
}

}  // namespace wsi_lpd::raster
