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

TEST(Sha256, OfASampleOfAFile) {
  const TemporaryFolder folder;
  const std::size_t piece = 1 << 16;
  const auto sample_of = [&](const std::string& text) {
    core::write_text_file(folder / "file", text);
    return sha256_of_sample(folder / "file");
  };
  EXPECT_EQ(sample_of(""), sha256_of_text(""));
  EXPECT_EQ(sample_of("abc"), sha256_of_text("abcabcabc"));
  std::string text(10 * piece, 'x');
  const std::string before = sample_of(text);
  EXPECT_EQ(before, sha256_of_text(std::string(3 * piece, 'x')));
  for (const std::size_t place : {std::size_t(0), 5 * piece, 10 * piece - 1}) {
    std::string changed = text;
    changed[place] = 'y';
    EXPECT_NE(sample_of(changed), before) << place;
  }
  text[2 * piece] = 'y';
  EXPECT_EQ(sample_of(text), before) << "between the pieces";
  EXPECT_THROW(sha256_of_sample(folder / "absent"), core::Error);
}

}  // namespace
}  // namespace wsi_lpd::digest
