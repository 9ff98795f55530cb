#include "tissue_map.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "noise.hpp"

namespace wsi_lpd::synth {
namespace {

constexpr double kNode = 8;                                         // µm between samples of the slow fields
constexpr double kSite = 230;                                       // µm between centres of tissue regions
constexpr double kHole = 320;                                       // µm between possible holes
constexpr double kWarp = 45;                                        // µm, the farthest that borders are bent
constexpr double kTumour = 0.3, kStroma = 0.3, kLymphocytes = 0.2;  // shares of regions; the rest is necrosis

std::int64_t cell(double position, double pitch) { return static_cast<std::int64_t>(std::floor(position / pitch)); }

Site make_site(std::uint64_t seed, std::int64_t x, std::int64_t y) {
  Dice dice(hash(seed, x, y));
  Site site;
  site.x = (static_cast<double>(x) + dice.roll(0.15, 0.85)) * kSite;
  site.y = (static_cast<double>(y) + dice.roll(0.15, 0.85)) * kSite;
  const double lot = dice.roll();
  site.kind = lot < kTumour ? 0 : lot < kTumour + kStroma ? 1 : lot < kTumour + kStroma + kLymphocytes ? 2 : 3;
  const double angle = dice.roll(0, std::numbers::pi);
  site.cosine = std::cos(angle);
  site.sine = std::sin(angle);
  site.blue = dice.roll(-0.12, 0.12);
  site.pink = dice.roll(-0.15, 0.15);
  return site;
}

}  // namespace

TissueMap::TissueMap(std::uint64_t seed, double width, double height, double tissue_fraction)
    : seed_(seed), period_(std::clamp(0.4 * std::min(width, height), 150.0, 2500.0)), everywhere_(tissue_fraction >= 1) {
  constexpr int kSamples = 96;  // a side: the threshold is the quantile of the outline's noise that leaves the wanted share
  std::vector<double> values;
  for (int y = 0; y < kSamples; ++y) {
    for (int x = 0; x < kSamples; ++x) values.push_back(outline(width * (x + 0.5) / kSamples, height * (y + 0.5) / kSamples));
  }
  const auto rank = static_cast<std::ptrdiff_t>((1 - std::clamp(tissue_fraction, 0.0, 1.0)) * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  threshold_ = values[static_cast<std::size_t>(rank)];
}

double TissueMap::outline(double x, double y) const { return cloud(seed_ + 10, x / period_, y / period_) * period_; }

double TissueMap::depth(double x, double y) const {
  if (everywhere_) return 1e6;
  double depth = outline(x, y) - threshold_;
  const std::int64_t column = cell(x, kHole), row = cell(y, kHole);
  for (std::int64_t j = row - 1; j <= row + 1; ++j) {
    for (std::int64_t i = column - 1; i <= column + 1; ++i) {
      Dice dice(hash(seed_ + 20, i, j));
      if (dice.roll() > 0.3) continue;
      const double radius = dice.roll(12, 45);
      const double dx = x - (static_cast<double>(i) + dice.roll()) * kHole, dy = y - (static_cast<double>(j) + dice.roll()) * kHole;
      const double distance = std::hypot(dx, dy);
      if (distance < 2 * radius) depth = std::min(depth, distance - radius * (0.7 + 0.6 * noise(seed_ + 21, x / 25, y / 25)));
    }
  }
  return depth;
}

TissueMap::Window::Window(const TissueMap& map, const Area& area) {
  const Area reach = area.grown(kWarp + kSite);
  node_x_ = cell(area.left, kNode);
  node_y_ = cell(area.top, kNode);
  node_columns_ = cell(area.right, kNode) + 2 - node_x_;
  const std::int64_t node_rows = cell(area.bottom, kNode) + 2 - node_y_;
  nodes_.reserve(static_cast<std::size_t>(node_columns_ * node_rows));
  const auto warp = [&](std::uint64_t seed, double x, double y) { return 2 * kWarp * (cloud(seed, x / 110, y / 110) - 0.5); };
  for (std::int64_t j = 0; j < node_rows; ++j) {
    for (std::int64_t i = 0; i < node_columns_; ++i) {
      const double x = static_cast<double>(node_x_ + i) * kNode, y = static_cast<double>(node_y_ + j) * kNode;
      Node node{static_cast<float>(map.depth(x, y)), 1, 0, 0};
      if (node.depth > -2 * kNode) {
        node.thickness = static_cast<float>(0.75 + 0.5 * cloud(map.seed_ + 30, x / 70, y / 70));
        node.warp_x = static_cast<float>(warp(map.seed_ + 40, x, y));
        node.warp_y = static_cast<float>(warp(map.seed_ + 50, x, y));
      }
      nodes_.push_back(node);
    }
  }
  site_x_ = cell(reach.left, kSite);
  site_y_ = cell(reach.top, kSite);
  site_columns_ = cell(reach.right, kSite) + 1 - site_x_;
  const std::int64_t site_rows = cell(reach.bottom, kSite) + 1 - site_y_;
  for (std::int64_t j = 0; j < site_rows; ++j) {
    for (std::int64_t i = 0; i < site_columns_; ++i) sites_.push_back(make_site(map.seed_ + 60, site_x_ + i, site_y_ + j));
  }
}

Place TissueMap::Window::at(double x, double y) const {
  const double u = x / kNode - static_cast<double>(node_x_), v = y / kNode - static_cast<double>(node_y_);
  const auto column = static_cast<std::int64_t>(u), row = static_cast<std::int64_t>(v);
  const auto tx = static_cast<float>(u - static_cast<double>(column)), ty = static_cast<float>(v - static_cast<double>(row));
  const Node* top = &nodes_[static_cast<std::size_t>(row * node_columns_ + column)];
  const Node* bottom = top + node_columns_;
  const auto blend = [&](float Node::*field) {
    const float upper = top[0].*field + tx * (top[1].*field - top[0].*field);
    const float lower = bottom[0].*field + tx * (bottom[1].*field - bottom[0].*field);
    return static_cast<double>(upper + ty * (lower - upper));
  };
  Place place;
  place.depth = blend(&Node::depth);
  if (place.depth <= -1) return place;
  place.thickness = blend(&Node::thickness);
  place.warp_x = x + blend(&Node::warp_x);
  place.warp_y = y + blend(&Node::warp_y);
  const std::int64_t site_column = cell(place.warp_x, kSite) - site_x_, site_row = cell(place.warp_y, kSite) - site_y_;
  double nearest = 1e30;
  for (std::int64_t j = site_row - 1; j <= site_row + 1; ++j) {
    for (std::int64_t i = site_column - 1; i <= site_column + 1; ++i) {
      const Site& site = sites_[static_cast<std::size_t>(j * site_columns_ + i)];
      const double dx = site.x - place.warp_x, dy = site.y - place.warp_y;
      if (dx * dx + dy * dy < nearest) {
        nearest = dx * dx + dy * dy;
        place.site = &site;
      }
    }
  }
  return place;
}

}  // namespace wsi_lpd::synth
