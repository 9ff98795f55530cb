#include "wsi_lpd/digest/sha256.hpp"

#include <gtest/gtest.h>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::digest {
namespace {

using testing::TemporaryFolder;

TEST(Sha256, OfTextAndOfFilesLargerThanABlock) {
  EXPECT_EQ(sha256_of_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of_text(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),  // the length fits in no more
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_of_text(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  const TemporaryFolder folder;
  const std::string text(200'001, 'x');
  core::write_text_file(folder / "file", text);
  EXPECT_EQ(sha256_of_file(folder / "file"), sha256_of_text(text));
  EXPECT_THROW(sha256_of_file(folder / "absent"), core::Error);
  EXPECT_THROW(sha256_of_file(folder.path()), core::Error);
}

}  // namespace
}  // namespace wsi_lpd::digest
