// How the program starts and ends: what OpenMP is told, the loader as launcher, and the exit.
#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "test_data.hpp"

namespace wsi_lpd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Exit code, and stdout and stderr together.
std::pair<int, std::string> shell(const std::string& command) {
  FILE* pipe = popen(("{ " + command + "; } 2>&1").c_str(), "r");
  std::string text;
  std::array<char, 4096> part{};
  for (std::size_t read = 0; (read = fread(part.data(), 1, part.size(), pipe)) > 0;) text.append(part.data(), read);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text};
}

const std::string kVersion = "'" WSI_LPD_PROGRAM "' --version";

/// libgomp itself says which settings it took.
TEST(Start, OpenMpWaitsShortly) {
  const std::string told = "env -u GOMP_SPINCOUNT -u OMP_WAIT_POLICY OMP_DISPLAY_ENV=VERBOSE ";
  const auto [code, text] = shell(told + kVersion);
  EXPECT_EQ(code, 0);
  EXPECT_THAT(text, HasSubstr("GOMP_SPINCOUNT = '1000'"));
  EXPECT_THAT(shell(told + "GOMP_SPINCOUNT=77 " + kVersion).second, HasSubstr("GOMP_SPINCOUNT = '77'")) << "the user's word counts";
  const std::string active = shell(told + "OMP_WAIT_POLICY=active " + kVersion).second;
  EXPECT_THAT(active, HasSubstr("OMP_WAIT_POLICY = 'ACTIVE'"));
  EXPECT_THAT(active, Not(HasSubstr("GOMP_SPINCOUNT = '1000'")));
  EXPECT_THAT(shell("env -i OMP_DISPLAY_ENV=VERBOSE " + kVersion).second, HasSubstr("GOMP_SPINCOUNT = '1000'"));
}

TEST(Start, WorksThroughTheLoader) {
  const std::string loader = shell("ls /lib64/ld-linux-x86-64.so.2 2>/dev/null").second;
  if (loader.empty()) GTEST_SKIP() << "no such loader here";
  const auto [code, text] = shell("OMP_DISPLAY_ENV=VERBOSE " + loader.substr(0, loader.find('\n')) + " " + kVersion);
  EXPECT_EQ(code, 0);
  EXPECT_THAT(text, HasSubstr("wsi-lpd 0."));
  EXPECT_THAT(text, HasSubstr("GOMP_SPINCOUNT = '1000'"));
}

}  // namespace
}  // namespace wsi_lpd
