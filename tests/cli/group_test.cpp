// A training by several processes on this machine, as torchrun and srun start them.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/program.hpp"

namespace wsi_lpd {
namespace {

using ::testing::AllOf;
using Clock = std::chrono::steady_clock;

class Group : public Program {
 protected:
  Group() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof(address);
    if (bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0) getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    close(socket);
  }
  /// What RANK's process is started with.
  std::string environment(int rank, int size = 2) const {
    return "MASTER_ADDR=127.0.0.1 MASTER_PORT=" + std::to_string(port_) + " WORLD_SIZE=" + std::to_string(size) +
           " RANK=" + std::to_string(rank) + " ";
  }
  static fs::path file_of(int rank) { return path("rank" + std::to_string(rank) + ".txt"); }
  static std::string said_by(int rank) { return core::read_text_file(file_of(rank)); }
  /// Starts one of the processes; all it says goes to file_of(rank).
  pid_t start(int rank, const std::string& arguments) const {
    return Program::start("train " + arguments, file_of(rank).string(), environment(rank));
  }
  /// Both processes to their end.
  std::array<int, 2> train(const std::string& arguments) const {
    const pid_t first = start(0, arguments), second = start(1, arguments);
    return {end(first), end(second)};
  }
  static std::vector<nlohmann::json> log_of(const std::string& run) {
    std::vector<nlohmann::json> steps;
    std::ifstream stream(path(run + "/log.jsonl"));
    for (std::string line; std::getline(stream, line);) steps.push_back(nlohmann::json::parse(line));
    return steps;
  }
  int port_ = 0;
};

/// Images are left out of branches at random, batches have 5 images, for 2 and 3 a process, and every loss counts.
TEST_F(Group, TrainsAsOneProcessWithTheWholeBatch) {
  const std::vector<std::string> variants{"", "--mosaic 0.5 --stain-views",
                                          "--frozen-encoder '" WSI_LPD_SOURCE_DIR "/tests/golden/tiny_encoder.ts.pt'",
                                          "--distil --presence-encoder '" WSI_LPD_SOURCE_DIR "/tests/golden/tiny_encoder.ts.pt'"};
  for (std::size_t v = 0; v < variants.size(); ++v) {
    SCOPED_TRACE(variants[v]);
    const std::string alone = "alone" + std::to_string(v), both = "both" + std::to_string(v);
    const std::string options =
        "data/patches --encoder mit_b0 --iterations 6 --warmup-iterations 2 --lr-warmup-iterations 2 --batch-size 5 "
        "--threads 1 --precision fp32 --ema 0.9 " +
        variants[v] + " -o ";
    const Outcome whole = run("train " + options + alone);
    ASSERT_EQ(whole.code, 0) << whole.err;
    EXPECT_EQ(train(options + both), (std::array<int, 2>{0, 0})) << said_by(0) << said_by(1);
    EXPECT_THAT(said_by(0), HasSubstr(" by 2 processes, into both"));
    EXPECT_EQ(said_by(1), "");
    const auto wanted = log_of(alone), got = log_of(both);
    ASSERT_EQ(wanted.size(), got.size());
    for (std::size_t step = 0; step < wanted.size(); ++step) {
      ASSERT_EQ(wanted[step].size(), got[step].size());
      for (const auto& [name, value] : wanted[step].items()) {
        if (!value.is_number()) continue;
        EXPECT_NEAR(got[step].at(name).get<double>(), value.get<double>(), 1e-5 * std::max(1.0, std::abs(value.get<double>())))
            << name << " of line " << step;
      }
    }
    EXPECT_FALSE(fs::exists(path(both + "/state.safetensors")));
  }
}

TEST_F(Group, GoesOnAfterOneWasKilled) {
  const std::string options = "data/patches --encoder mit_b0 --iterations 40 --warmup-iterations 2 --batch-size 4 --threads 1 -o ";
  ASSERT_EQ(train(options + "undisturbed"), (std::array<int, 2>{0, 0})) << said_by(0) << said_by(1);
  const pid_t first = start(0, options + "disturbed"), second = start(1, options + "disturbed");
  while (log_of("disturbed").size() < 5 && kill(first, 0) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  kill(second, SIGKILL);
  const auto killed = Clock::now();
  EXPECT_EQ(end(first), 1);
  EXPECT_LT(Clock::now() - killed, std::chrono::seconds(60));
  EXPECT_EQ(end(second), 128 + SIGKILL);
  EXPECT_THAT(said_by(0), AllOf(HasSubstr("error: training, process 0 of 2: the connection to another process was lost"),
                                HasSubstr("--resume"), Not(HasSubstr("c10::"))));
  EXPECT_EQ(train(options + "disturbed --resume"), (std::array<int, 2>{0, 0})) << said_by(0) << said_by(1);
  EXPECT_TRUE(core::read_text_file(path("undisturbed/model.safetensors")) == core::read_text_file(path("disturbed/model.safetensors")));
}

TEST_F(Group, StopsTogether) {
  const std::string options = "data/patches --encoder mit_b0 --iterations 400 --batch-size 4 --threads 1 -o stopped";
  const pid_t first = start(0, options), second = start(1, options);
  while (log_of("stopped").size() < 3 && kill(first, 0) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  kill(second, SIGTERM);
  EXPECT_EQ(end(second), 128 + SIGTERM);
  EXPECT_TRUE(fs::exists(path("stopped/state.safetensors"))) << "saved before another process ends";
  EXPECT_EQ(end(first), 128 + SIGTERM);
  EXPECT_THAT(said_by(0), AllOf(HasSubstr("another process of the training was stopped"), HasSubstr("--resume")));
  EXPECT_THAT(said_by(1), AllOf(HasSubstr("error: stopped by the user"), Not(HasSubstr("connection"))));
}

/// Ctrl-C reaches a process that waits for the others, and no library speaks.
TEST_F(Group, WaitsForTheOthers) {
  for (const int rank : {0, 1}) {
    const pid_t alone = start(rank, "data/patches --encoder mit_b0 --iterations 4 --batch-size 4 -o waiting");
    std::this_thread::sleep_for(std::chrono::seconds(8));
    EXPECT_THAT(said_by(rank), HasSubstr("waiting for the others at 127.0.0.1:" + std::to_string(port_)));
    kill(alone, SIGINT);
    EXPECT_EQ(end(alone), 128 + SIGINT);
    const std::string said = said_by(rank);
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 2) << said;
  }
}

TEST_F(Group, RefusesWhatDoesNotBelongTogether) {
  const std::string options = " --encoder mit_b0 --iterations 4 --batch-size 4 -o other";
  const auto expect_refusal_by_second = [&](const std::string& first_arguments, const std::string& second_arguments,
                                            const std::string& words) {
    SCOPED_TRACE(second_arguments);
    const pid_t first = start(0, first_arguments), second = start(1, second_arguments);
    EXPECT_EQ(end(first), 1);
    EXPECT_NE(end(second), 0);
    EXPECT_THAT(said_by(1), HasSubstr("error: " + words));
    EXPECT_THAT(said_by(0), HasSubstr("error: " + words)) << "the process that is watched tells why";
    EXPECT_FALSE(fs::exists(path("other")));
  };
  expect_refusal_by_second("data/patches" + options, "data/patches --lr 1e-3" + options,
                           "training, process 1 of 2: its program and arguments differ from those of process 0");
  expect_refusal_by_second("data/patches" + options, "absent" + options, "absent");
  fs::copy(path("data/patches"), path("copy"), fs::copy_options::recursive);
  std::vector<fs::path> images;
  for (const auto& entry : fs::directory_iterator(path("copy/train"))) images.push_back(entry.path());
  std::ranges::sort(images);
  fs::copy_file(images[0], images[1], fs::copy_options::overwrite_existing);
  expect_refusal_by_second("data/patches" + options, "copy" + options,
                           "training, process 1 of 2: its training images differ from those of process 0");
  EXPECT_EQ(train("data/patches --encoder mit_b0 --iterations 4 --batch-size 1 -o other"), (std::array<int, 2>{2, 2}));
  EXPECT_THAT(said_by(0), HasSubstr("a batch of 1 images can't be shared by 2 processes"));

  const std::string command = "train data/patches --iterations 1 -o bad";
  expect_refusal(command, 2, "MASTER_PORT is not set", "MASTER_ADDR=127.0.0.1 RANK=0 WORLD_SIZE=2");
  expect_refusal(command, 2, "RANK and SLURM_PROCID are not set", "MASTER_ADDR=127.0.0.1 MASTER_PORT=1 WORLD_SIZE=2");
  expect_refusal(command, 2, "RANK is 'one', and must be a whole number", "MASTER_ADDR=127.0.0.1 MASTER_PORT=1 WORLD_SIZE=2 RANK=one");
  expect_refusal(command, 2, "this can't be number 2", environment(2));
  expect_refusal(command, 2, "which no machine has as its name", "MASTER_ADDR=no.such.host. MASTER_PORT=1 WORLD_SIZE=2 RANK=0");
}

}  // namespace
}  // namespace wsi_lpd
