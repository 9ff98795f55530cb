#include "report_plots.hpp"

#include <algorithm>
#include <cmath>

#include "html.hpp"
#include "number_text.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::output {
namespace {

/// A coordinate of a drawing.
std::string at(double value) { return core::fixed(value, 1); }

std::string attribute(const char* name, double value) { return std::string(" ") + name + "=\"" + at(value) + "\""; }

std::string line(const char* kind, double x1, double y1, double x2, double y2) {
  return std::string("<line class=\"") + kind + "\"" + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) +
         attribute("y2", y2) + "/>";
}

std::string text(double x, double y, const char* anchor, const std::string& words) {
  return "<text" + attribute("x", x) + attribute("y", y) + " text-anchor=\"" + anchor + "\">" + html(words) + "</text>";
}

std::string rectangle(double x, double y, double width, double height, const std::string& rest) {
  return "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", width) + attribute("height", height) + " " + rest;
}

/// A round step that divides `range` into two to five parts.
double round_step(double range) {
  const double power = std::pow(10, std::floor(std::log10(range)));
  for (const double factor : {0.2, 0.5, 1.0}) {
    if (range / (factor * power) <= 5) return factor * power;
  }
  return 2 * power;
}

/// Values on a plot's width.
class Scale {
 public:
  static constexpr double kLeft = 14, kWidth = 332;

  explicit Scale(double smallest, double largest) {
    low_ = std::min(smallest, 0.0);
    if (!(largest > low_)) largest = low_ + 1;
    step_ = round_step(largest - low_);
    low_ = step_ * std::floor(low_ / step_);
    high_ = step_ * std::ceil(largest / step_ - 1e-9);
  }
  double x(double value) const { return kLeft + kWidth * (std::clamp(value, low_, high_) - low_) / (high_ - low_); }
  std::string ticks(const Figure& figure, double y) const {
    constexpr double kCharacter = 6.5;  // width, about
    std::string drawing = line("axis", kLeft, y, kLeft + kWidth, y);
    const auto count = static_cast<int>(std::lround((high_ - low_) / step_));
    const auto number = [&](int i) { return short_number((figure.is_fraction() ? 100 : 1) * (low_ + i * step_), 6); };
    const std::string last = with_unit(number(count), figure.unit);
    for (int i = 0; i <= count; ++i) {
      const double at = x(low_ + i * step_);
      drawing += line("axis", at, y, at, y + 4);
      const bool has_room =
          at + kCharacter * static_cast<double>(number(i).size()) / 2 < kLeft + kWidth - kCharacter * static_cast<double>(last.size());
      if (i == 0) {
        drawing += text(at, y + 16, "start", number(i));
      } else if (i == count) {
        drawing += text(at, y + 16, "end", last);
      } else if (has_room) {
        drawing += text(at, y + 16, "middle", number(i));
      }
    }
    return drawing;
  }

 private:
  double low_, high_, step_;
};

/// Dots around the height `middle`, up and down by turns: equal values stay apart.
std::string dots(const Scale& scale, double middle, const std::vector<PlotPoint>& points) {
  std::string drawing;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double y = middle + 2.6 * static_cast<double>(static_cast<int>(i * 5 % 7) - 3);
    const std::string dot = "<circle class=\"dot\"" + attribute("cx", scale.x(points[i].value)) + attribute("cy", y) +
                            " r=\"3.5\"><title>" + html(points[i].title) + "</title></circle>";
    drawing += points[i].href.empty() ? dot : "<a href=\"" + html(points[i].href) + "\">" + dot + "</a>";
  }
  return drawing;
}

/// An opening tag whose picture says `label` to those who can't see it, and under the pointer.
std::string open_plot(double height, const std::string& label) {
  return "<svg class=\"plot\" viewBox=\"0 0 360 " + core::fixed(height, 0) + "\" role=\"img\" aria-label=\"" + html(label) + "\"><title>" +
         html(label) + "</title>";
}

}  // namespace

std::string box_plot(const Figure& figure, const Spread& spread, const std::vector<double>& values, const std::vector<PlotPoint>& points,
                     const std::optional<double>& mark) {
  constexpr double kTop = 8, kBottom = 32, kMiddle = (kTop + kBottom) / 2;
  const Scale scale(std::min(spread.smallest, mark.value_or(spread.smallest)), std::max(spread.largest, mark.value_or(spread.largest)));
  double lower = spread.first, upper = spread.third;
  for (const double value : values) {
    if (value >= spread.lower_fence()) lower = std::min(lower, value);
    if (value <= spread.upper_fence()) upper = std::max(upper, value);
  }
  std::string label = figure.title + ": median " + figure.text(spread.median) + ", middle half " + figure.text(spread.first) + " to " +
                      figure.text(spread.third) + ", all " + figure.text(spread.smallest) + " to " + figure.text(spread.largest);
  if (mark) label += "; this slide " + figure.text(*mark);
  std::string drawing = open_plot(60, label) + scale.ticks(figure, 38);
  drawing += line("whisker", scale.x(lower), kMiddle, scale.x(spread.first), kMiddle);
  drawing += line("whisker", scale.x(spread.third), kMiddle, scale.x(upper), kMiddle);
  drawing += line("whisker", scale.x(lower), kMiddle - 5, scale.x(lower), kMiddle + 5);
  drawing += line("whisker", scale.x(upper), kMiddle - 5, scale.x(upper), kMiddle + 5);
  drawing += rectangle(scale.x(spread.first), kTop, std::max(scale.x(spread.third) - scale.x(spread.first), 1.0), kBottom - kTop,
                       "class=\"box\"/>");
  drawing += line("median", scale.x(spread.median), kTop, scale.x(spread.median), kBottom);
  drawing += dots(scale, kMiddle, points);
  if (mark) {
    const double x = scale.x(*mark);
    drawing += line("mark", x, 4, x, 36) + "<path class=\"mark\" d=\"M" + at(x) + " 8 l-5 -8 h10 z\"/>";
  }
  return drawing + "</svg>\n";
}

std::string group_plot(const Figure& figure, const std::vector<PlotGroup>& groups) {
  constexpr double kGroup = 54, kName = 11, kDots = 29, kMean = 47;  // heights of a group, and of what is in it
  double smallest = 0, largest = 0;
  std::string label = figure.title;
  for (const PlotGroup& group : groups) {
    for (const PlotPoint& point : group.points) {
      smallest = std::min(smallest, point.value);
      largest = std::max(largest, point.value);
    }
    label += "; " + group.name + ": " + (group.mean ? "mean " + figure.text(*group.mean) : "no value");
  }
  const Scale scale(smallest, largest);
  const double bottom = kGroup * static_cast<double>(groups.size()) + 4;
  std::string drawing = open_plot(bottom + 22, label) + scale.ticks(figure, bottom);
  double top = 0;
  for (const PlotGroup& group : groups) {
    drawing += text(Scale::kLeft, top + kName, "start", group.name) + dots(scale, top + kDots, group.points);
    if (group.interval) {
      const double low = scale.x(group.interval->at(0)), high = scale.x(group.interval->at(1));
      drawing += rectangle(low, top + kMean - 3, std::max(high - low, 1.0), 6, "class=\"box\"/>");
    }
    if (group.mean) drawing += line("median", scale.x(*group.mean), top + kMean - 6, scale.x(*group.mean), top + kMean + 6);
    top += kGroup;
  }
  return drawing + "</svg>\n";
}

std::string band_plot(const std::string& title, std::span<const MeasuredBand> bands, const core::ClassScheme& classes) {
  constexpr double kTop = 6, kBottom = 106;
  double low = 0, high = 0;
  for (const MeasuredBand& band : bands) {
    low = std::min(low, band.from);
    high = std::max(high, band.to);
  }
  const Scale scale(low, high);
  std::string columns, label = title;
  for (const MeasuredBand& band : bands) {
    std::string words = short_number(band.from, 6) + " to " + with_unit(short_number(band.to, 6), "µm") + ":";
    double y = kBottom;
    const double x = scale.x(band.from), width = std::max(scale.x(band.to) - x, 1.0);
    std::string parts;
    for (std::size_t c = 0; c < classes.names.size(); ++c) {
      const auto share = band.area.shares.find(classes.names[c]);
      if (share == band.area.shares.end()) continue;
      words += " " + classes.names[c] + " " + percent(share->second);
      const double height = (kBottom - kTop) * std::clamp(share->second, 0.0, 1.0);
      y -= height;
      if (height > 0) parts += rectangle(x, y, width, height, "class=\"part\" fill=\"" + core::to_string(classes.colours[c]) + "\"/>");
    }
    if (band.area.shares.empty()) words += " nothing with a class";
    label += "; " + words;
    columns += "<g><title>" + html(words) + "</title>" + rectangle(x, kTop, width, kBottom - kTop, "class=\"column\"/>") + parts + "</g>";
  }
  const Figure distance{"", "µm", "", {}, ""};
  return open_plot(kBottom + 26, label) + columns + scale.ticks(distance, kBottom + 4) +
         line("mark", scale.x(0), 0, scale.x(0), kBottom + 4) + "</svg>\n";
}

std::string share_bar(const SlideStatistics& s) {
  double whole = static_cast<double>(s.unlabelled_pixels + s.unreadable_pixels);
  for (const ClassStatistics& figures : s.per_class) whole += static_cast<double>(figures.pixels);
  whole = std::max({whole, static_cast<double>(s.tissue_pixels), 1.0});
  std::string bars, label;
  double x = 0;
  const auto add = [&](const std::string& name, std::int64_t pixels, const std::string& paint) {
    const double share = static_cast<double>(pixels) / whole;
    const std::string words = name + " " + percent(share);
    label += (label.empty() ? "" : ", ") + words;
    if (pixels > 0) bars += rectangle(1000 * x, 0, 1000 * share, 16, paint + "><title>" + html(words) + "</title></rect>");
    x += share;
  };
  for (std::size_t c = 0; c < s.per_class.size(); ++c)
    add(s.classes.names[c], s.per_class[c].pixels, "fill=\"" + core::to_string(s.classes.colours[c]) + "\"");
  if (s.unreadable_pixels > 0) add("unreadable", s.unreadable_pixels, "class=\"unreadable\"");
  return "<svg class=\"shares\" viewBox=\"0 0 1000 16\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"" + html(label) + "\">" +
         bars + "</svg>\n";
}

std::string time_bars(const std::map<std::string, double>& seconds) {
  double longest = 0;
  for (const auto& [stage, time] : seconds) longest = std::max(longest, time);
  std::vector<std::pair<std::string, double>> bars(seconds.begin(), seconds.end());
  std::stable_partition(bars.begin(), bars.end(), [](const auto& bar) { return bar.first == "total"; });
  std::string rows;
  double y = 4;
  for (const auto& [stage, time] : bars) {
    const double width = longest > 0 ? 200 * std::clamp(time / longest, 0.0, 1.0) : 0;
    rows += text(78, y + 11, "end", stage) + rectangle(84, y, std::max(width, 1.0), 14, "class=\"box\"/>") +
            text(90 + width, y + 11, "start", duration(time));
    y += 20;
  }
  return "<svg class=\"plot\" viewBox=\"0 0 360 " + at(y) + "\" role=\"img\" aria-label=\"time of each stage\">" + rows + "</svg>\n";
}

}  // namespace wsi_lpd::output
