#include "wsi_lpd/output/sha256.hpp"

#include <gtest/gtest.h>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::output {
namespace {

using testing::TemporaryFolder;

TEST(Sha256, OfTextAndOfFilesLargerThanABlock) {
  EXPECT_EQ(sha256_of_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const TemporaryFolder folder;
  const std::string text(200'001, 'x');
  core::write_text_file(folder / "file", text);
  EXPECT_EQ(sha256_of_file(folder / "file"), sha256_of_text(text));
  EXPECT_THROW(sha256_of_file(folder / "absent"), core::Error);
  EXPECT_THROW(sha256_of_file(folder.path()), core::Error);
}

}  // namespace
}  // namespace wsi_lpd::output
