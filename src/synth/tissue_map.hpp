#pragma once
#include <cstdint>
#include <vector>

namespace wsi_lpd::synth {

/// A rectangle in µm, edges.
struct Area {
  double left = 0, top = 0, right = 0, bottom = 0;
  Area grown(double by) const { return {left - by, top - by, right + by, bottom + by}; }
};

/// One region of tissue: the Voronoi cell of a jittered grid point, in warped space.
struct Site {
  double x = 0, y = 0;          ///< µm
  int kind = 0;                 ///< class, 0…3
  double cosine = 1, sine = 0;  ///< direction of its fibres
  double blue = 0, pink = 0;    ///< its own shift of haematoxylin and eosin, optical density
};

struct Place {
  double depth = 0;               ///< about µm from the tissue's edge, positive inside
  double thickness = 1;           ///< of the section, varies slowly
  double warp_x = 0, warp_y = 0;  ///< µm: position in warped space
  const Site* site = nullptr;
};

/// Where which tissue lies in a picture of given size, in µm.
class TissueMap {
 public:
  TissueMap(std::uint64_t seed, double width, double height, double tissue_fraction);

  /// The map of one part, with the slow fields sampled on a lattice that is the same for every part.
  class Window {
   public:
    Window(const TissueMap& map, const Area& area);
    /// Thread-safe; (x, y) must lie in the window's area. The site is left out (null) on glass.
    Place at(double x, double y) const;

   private:
    struct Node {
      float depth, thickness, warp_x, warp_y;
    };
    std::int64_t node_x_, node_y_, node_columns_;
    std::vector<Node> nodes_;
    std::int64_t site_x_, site_y_, site_columns_;
    std::vector<Site> sites_;
  };

 private:
  double outline(double x, double y) const;
  double depth(double x, double y) const;

  std::uint64_t seed_;
  double period_;         // µm, of the tissue's outline
  double threshold_ = 0;  // of the outline's noise
  bool everywhere_;
};

}  // namespace wsi_lpd::synth
