#include "wsi_lpd/core/file_identity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {
namespace {

namespace fs = std::filesystem;

class FileIdentities : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text, int second = 1'000'000'000) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    const auto since_epoch = std::chrono::seconds(second) + std::chrono::nanoseconds(7);
    fs::last_write_time(folder_ / name, std::chrono::file_clock::from_sys(std::chrono::sys_time<std::chrono::nanoseconds>(since_epoch)));
  }
  bool has_changed(const FileIdentity& identity) const {
    try {
      identity.check();
      return false;
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), path_.string() + ": the file has been replaced or changed since it was opened");
      return true;
    }
  }
  testing::TemporaryFolder folder_;
  fs::path path_ = folder_ / "slide.svs";
};

TEST_F(FileIdentities, FingerprintsAreSizeAndTime) {
  write("slide.svs", "12345");
  EXPECT_EQ(FileIdentity(path_).fingerprint(), "5 1000000000.7");
  write("slide.svs", "123456");
  EXPECT_EQ(FileIdentity(path_).fingerprint(), "6 1000000000.7");
  write("other.svs", "123456");
  EXPECT_EQ(FileIdentity(folder_ / "other.svs").fingerprint(), FileIdentity(path_).fingerprint());
}

TEST_F(FileIdentities, NoticeWhatChanges) {
  write("slide.svs", "12345");
  const FileIdentity identity(path_);
  EXPECT_FALSE(has_changed(identity));
  write("slide.svs", "12345", 1'000'000'001);
  EXPECT_TRUE(has_changed(identity)) << "its time";
  write("slide.svs", "12345");
  EXPECT_FALSE(has_changed(identity));
  write("slide.svs", "1234567");
  EXPECT_TRUE(has_changed(identity)) << "its size";
  write("new.svs", "12345");
  fs::rename(folder_ / "new.svs", path_);
  EXPECT_TRUE(has_changed(identity)) << "another file of the same size and time";
}

TEST_F(FileIdentities, NamesOfOneFileHaveOnePlace) {
  write("slide.svs", "1");
  write("other.svs", "1");
  fs::create_symlink(path_, folder_ / "link.svs");
  fs::create_hard_link(path_, folder_ / "hard.svs");
  const std::string place = FileIdentity(path_).place();
  EXPECT_EQ(FileIdentity(folder_ / "link.svs").place(), place);
  EXPECT_EQ(FileIdentity(folder_ / "hard.svs").place(), place);
  EXPECT_NE(FileIdentity(folder_ / "other.svs").place(), place);
}

TEST_F(FileIdentities, MissingFilesAreErrors) {
  const auto said = [](const fs::path& path) -> std::string {
    try {
      FileIdentity{path};
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_EQ(said(path_), path_.string() + ": No such file or directory");
  fs::create_symlink("gone.svs", folder_ / "link.svs");
  EXPECT_EQ(said(folder_ / "link.svs"), (folder_ / "link.svs").string() + ": is a link to gone.svs, which is not there");
}

}  // namespace
}  // namespace wsi_lpd::core
