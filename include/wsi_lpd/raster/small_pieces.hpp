#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace wsi_lpd::raster {

/// Removes small pieces from a binary image that comes row by row: an area opening (Vincent, *Mathematical Morphology in Image Processing*,
/// 1993) whose memory grows only with the width of the rows. Pixels are neighbours if they share an edge. A piece is kept if it has at
/// least `smallest` pixels, if its bounding box is wider or higher than 4·√smallest pixels (so long a piece is a crack, not a speck), or if
/// one of its pixels is anchored. Rows come out `delay()` rows late. Not thread-safe.
class SmallPieces {
 public:
  static constexpr std::uint8_t kNone = 0, kPiece = 1, kAnchored = 2;

  /// `smallest`: pixels; below 2 all pieces are kept.
  SmallPieces(std::int64_t width, std::int64_t smallest);

  /// Adds the next row: kNone, kPiece or kAnchored for each pixel.
  void add_row(std::span<const std::uint8_t> row);
  /// Ends the image: no rows may follow.
  void finish() { finished_ = true; }
  /// The next finished row: 1 for pixels of kept pieces, else 0. Nothing if more rows are needed first.
  std::optional<std::vector<std::uint8_t>> next_row();
  std::int64_t delay() const { return longest_; }

 private:
  struct Run {
    std::int64_t begin, end;
    std::size_t piece;
  };
  /// A part of a piece. Its root, found by `parent`, has the totals of the whole piece.
  struct Piece {
    std::size_t parent;
    std::int64_t users;                             // held runs of the part, and parts that have it as parent
    std::int64_t pixels, left, right, top, bottom;  // of the bounding box; right and bottom: one past the last
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
