#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace wsi_lpd::raster {

/// Removes small pieces from a two-valued picture that comes row by row: an area opening (Vincent, *Mathematical Morphology in Image
/// Processing*, 1993), in memory that grows with the rows' width alone. Pixels are neighbours where they share an edge. A piece stays when
/// it has at least `smallest` pixels, when it is longer than 4·√smallest pixels across or down (what is that long is a crack, not a
/// speck), or when one of its pixels is anchored. Rows come out `delay()` rows late. Not thread-safe.
class SmallPieces {
 public:
  static constexpr std::uint8_t kNone = 0, kPiece = 1, kAnchored = 2;

  /// `smallest`: pixels; below 2 all pieces stay.
  SmallPieces(std::int64_t width, std::int64_t smallest);

  /// kNone, kPiece or kAnchored for each pixel of the next row.
  void add_row(std::span<const std::uint8_t> row);
  /// No row follows.
  void finish() { finished_ = true; }
  /// The next row whose pieces are decided: 1 where a piece stays, 0 elsewhere. Nothing while more rows are needed.
  std::optional<std::vector<std::uint8_t>> next_row();
  std::int64_t delay() const { return longest_; }

 private:
  struct Run {
    std::int64_t begin, end;
    std::size_t piece;
  };
  /// A part of a piece; its root, found by `parent`, has the figures of all of it.
  struct Piece {
    std::size_t parent;
    std::int64_t users;                             // runs that are held, and parts whose parent it is
    std::int64_t pixels, left, right, top, bottom;  // right and bottom: one past the last
    bool anchored;
  };
  std::size_t root(std::size_t piece) const;
  std::size_t new_piece();
  void unite(std::size_t a, std::size_t b);
  void release(std::size_t piece);
  bool stays(const Piece& whole) const;

  std::int64_t width_, smallest_, longest_;
  std::int64_t rows_seen_ = 0;
  bool finished_ = false;
  std::deque<std::vector<Run>> rows_;  // held
  std::vector<Piece> pieces_;
  std::vector<std::size_t> free_;  // of pieces_
};

}  // namespace wsi_lpd::raster
