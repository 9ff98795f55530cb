#include "tiff_slide.hpp"

#include <algorithm>
#include <cmath>

#include "ome_xml.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::image {
namespace {

constexpr int kMostPages = 10'000;
constexpr double kRival = 0.5;  ///< an image with more of the largest one's area may be the slide as well
constexpr double kNamed = 0.1;  ///< an image with more of it is named where it is left out; labels of large slides have less

/// Is `level` a smaller copy of the whole of `image`? Rounding to a pixel is allowed, and two per cent for padding.
bool is_copy(const TiffPage& level, const TiffPage& image) {
  const auto ratio = [](std::int64_t large, std::int64_t small) { return static_cast<double>(large) / static_cast<double>(small); };
  const double by_height = ratio(image.size.height, level.size.height), by_width = ratio(image.size.width, level.size.width);
  const auto expected_width = static_cast<double>(image.size.width) / by_height;
  const auto expected_height = static_cast<double>(image.size.height) / by_width;
  const auto near = [](double expected, std::int64_t is) {
    return std::abs(expected - static_cast<double>(is)) <= 1 + 0.02 * static_cast<double>(is);
  };
  return level.tiled == image.tiled && level.colour() == image.colour() &&
         (near(expected_width, level.size.width) || near(expected_height, level.size.height));
}

/// All images but those in SubIFDs.
std::vector<TiffPage> read_pages(const TiffFile& file) {
  std::vector<TiffPage> pages{read_page(file)};
  while (!TIFFLastDirectory(file.get()) && pages.size() < kMostPages) {
    if (!TIFFReadDirectory(file.get())) {
      file.refuse("is damaged or was cut short: its list of images breaks off after image " + std::to_string(pages.size()) +
                  "; get a new copy of it");
    }
    pages.push_back(read_page(file));
    pages.back().index = static_cast<int>(pages.size()) - 1;
  }
  return pages;
}

/// By what is to be preferred: an image of its own, in colour, large. Of equal ones the first.
const TiffPage& largest(const std::vector<TiffPage>& pages) {
  return *std::ranges::max_element(pages, {},
                                   [](const TiffPage& page) { return std::tuple(!page.reduced, page.colour(), page.size.area()); });
}

std::string name_of(const TiffPage& page) {
  return "image " + std::to_string(page.index + 1) + " (" + std::to_string(page.size.width) + " x " + std::to_string(page.size.height) +
         " pixels)";
}

void add_levels(const TiffFile& file, const std::vector<TiffPage>& pages, std::vector<TiffPage>& levels) {
  const auto take = [&](const TiffPage& page) {
    const core::Size& above = levels.back().size;
    const bool is_smaller = page.size.width <= above.width && page.size.height <= above.height && page.size != above;
    if (is_smaller && is_copy(page, levels.front())) levels.push_back(page);
  };
  const std::vector<std::uint64_t> subifds = levels.front().subifds;
  for (const std::uint64_t offset : subifds) {
    file.check(TIFFSetSubDirectory(file.get(), offset) != 0, "has a damaged directory");
    take(read_page(file));
  }
  if (!subifds.empty()) return;
  for (const TiffPage& page : pages) {
    if (page.reduced) take(page);
  }
}

}  // namespace

TiffSlide find_slide(const TiffFile& file) {
  const std::vector<TiffPage> pages = read_pages(file);
  const TiffPage& main = largest(pages);
  TiffSlide slide;
  slide.description = pages.front().description.find(kOmeNamespace) != std::string::npos ? pages.front().description : main.description;
  slide.levels.push_back(main);
  add_levels(file, pages, slide.levels);
  slide.is_sparse = std::ranges::any_of(slide.levels, [](const TiffPage& page) { return page.unwritten > 0; });

  std::vector<std::string> rivals, left_out;
  for (const TiffPage& page : pages) {
    if (page.index == main.index || page.reduced != main.reduced || page.colour() != main.colour()) continue;
    const double share = static_cast<double>(page.size.area()) / static_cast<double>(main.size.area());
    const bool is_level = share < 1 && is_copy(page, main);  // of a pyramid whose pages lack the flag
    if (share >= kRival && !is_level) rivals.push_back(name_of(page));
    if (page.index < main.index || share >= (is_level ? kRival : kNamed)) left_out.push_back(name_of(page));
  }
  if (!rivals.empty()) {
    if (rivals.size() > 3) rivals = {rivals[0], rivals[1], std::to_string(rivals.size() - 2) + " more"};
    slide.rivals = "holds several large images: " + name_of(main) + ", " + core::joined(rivals, ", ") +
                   "; write the one that is the slide to a file of its own";
  }
  if (main.index > 0 || !left_out.empty()) {
    slide.note = "the slide is its largest image, " + name_of(main) + " of " + std::to_string(pages.size());
    if (!left_out.empty()) slide.note += "; left out: " + core::joined(left_out, ", ");
  }
  return slide;
}

}  // namespace wsi_lpd::image
