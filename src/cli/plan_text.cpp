#include "plan_text.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "terminal_text.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::cli {
namespace {

using pipeline::archive::BatchPlan;
using pipeline::archive::PlannedSlide;
using Json = nlohmann::ordered_json;
using Kind = PlannedSlide::Kind;

struct Total {
  std::size_t slides = 0;
  double bytes = 0;
};

Total total_of(const BatchPlan& plan, Kind kind) {
  Total total;
  for (const PlannedSlide& slide : plan.slides) {
    if (slide.kind != kind) continue;
    ++total.slides;
    total.bytes += slide.bytes;
  }
  return total;
}

std::string size_text(double bytes) {
  constexpr std::array kUnits{"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < kUnits.size(); ++unit) bytes /= 1000;
  return core::fixed(bytes, unit == 0 ? 0 : 1) + " " + kUnits.at(unit);
}

/// Slides are done at once as long as there are as many as workers.
double seconds_of(const BatchPlan& plan, std::size_t workers) {
  const std::size_t slides = total_of(plan, Kind::ToDo).slides;
  return *plan.seconds / static_cast<double>(std::clamp<std::size_t>(slides, 1, std::max<std::size_t>(1, workers)));
}

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::ToDo:
      return "to do";
    case Kind::AlreadyDone:
      return "already done";
    case Kind::Elsewhere:
      return "in work elsewhere";
    case Kind::CannotBeOpened:
      return "can't be opened";
  }
  return "";
}

void list(std::ostream& text, const BatchPlan& plan, Kind kind, const std::string& title) {
  if (total_of(plan, kind).slides == 0) return;
  text << "\n" << title << "\n";
  for (const PlannedSlide& slide : plan.slides) {
    if (slide.kind != kind) continue;
    const std::string name = slide.job.slide.string();
    const std::string line = kind == Kind::ToDo        ? name + ", " + size_text(slide.bytes) + ", to " + slide.job.stem.string() + ".*"
                             : kind == Kind::Elsewhere ? name + ": by " + slide.reason
                                                       : slide.reason;
    text << "  " << core::one_line(line) << "\n";
  }
}

}  // namespace

std::string text_of(const BatchPlan& plan, std::size_t workers) {
  std::ostringstream text;
  list(text, plan, Kind::ToDo, "to do, in this order");
  list(text, plan, Kind::Elsewhere, "in work elsewhere: left to these processes");
  list(text, plan, Kind::CannotBeOpened, "can't be opened: they would fail");
  const Total to_do = total_of(plan, Kind::ToDo);
  text << "\n"
       << core::count_of(plan.slides.size(), "slide", "slides") << ": " << total_of(plan, Kind::AlreadyDone).slides << " already done, "
       << to_do.slides << " to do (" << size_text(to_do.bytes) << "), " << total_of(plan, Kind::Elsewhere).slides << " in work elsewhere, "
       << total_of(plan, Kind::CannotBeOpened).slides << " can't be opened\n";
  if (to_do.slides == 0) return text.str();
  if (plan.seconds) {
    text << "estimated time: " << duration_text(seconds_of(plan, workers)) << " with " << core::count_of(workers, "worker", "workers")
         << ", by the sizes and times of " << core::count_of(plan.measured, "complete slide", "complete slides") << " in this folder\n";
  } else {
    text << "estimated time: not known before a slide in this folder is complete\n";
  }
  return text.str();
}

std::string json_of(const BatchPlan& plan, std::size_t workers) {
  Json json{{"slides", Json::array()}, {"workers", workers}, {"estimated_seconds", nullptr}, {"estimated_from_slides", plan.measured}};
  if (plan.seconds) json["estimated_seconds"] = seconds_of(plan, workers);
  for (const PlannedSlide& slide : plan.slides) {
    Json entry{{"slide", slide.job.slide.string()},
               {"results", slide.job.stem.string()},
               {"bytes", static_cast<std::int64_t>(slide.bytes)},
               {"state", name_of(slide.kind)}};
    if (!slide.reason.empty()) entry["reason"] = slide.reason;
    json["slides"].push_back(std::move(entry));
  }
  return core::json_text(json, 2) + "\n";
}

}  // namespace wsi_lpd::cli
