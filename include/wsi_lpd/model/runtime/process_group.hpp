#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace at {
class Tensor;
}

namespace wsi_lpd::model::runtime {

/// Where the processes of a training find each other, and which of them this one is.
struct GroupPlace {
  int rank = 0;        ///< from 0
  int size = 1;        ///< number of processes
  int local_rank = 0;  ///< among those on this machine
  int local_size = 0;  ///< processes on this machine; 0: unknown
  std::string host;    ///< of the process with rank 0, or of torchrun's agent
  int port = 0;
  bool by_agent = false;  ///< an agent of torchrun listens there, not rank 0
  std::string run;        ///< prefix of the keys: a restart by torchrun is another group
};

/// What the environment says, as `torchrun` and `srun` leave it: MASTER_ADDR with MASTER_PORT, and RANK with WORLD_SIZE, or Slurm's
/// SLURM_PROCID with SLURM_NTASKS. Nothing without MASTER_ADDR, or if there is one process only. Throws UsageError if a variable is missing
/// or no number. Thread-safe as long as nobody changes the environment.
std::optional<GroupPlace> group_of_environment();

/// The processes of one training, on one machine or several: LibTorch's c10d with Gloo, over TCP. The calls are collective: all processes
/// make the same ones in the same order, and wait for each other. Not thread-safe. They throw Error when another process has ended, or did
/// not answer for 30 minutes.
class ProcessGroup {
 public:
  /// Waits until all processes are there. Throws Error if they are not within `patience`. Reads GLOO_SOCKET_IFNAME, the network interface.
  explicit ProcessGroup(const GroupPlace& place, std::chrono::seconds patience = std::chrono::minutes(5));
  ~ProcessGroup();
  int rank() const { return place_.rank; }
  int size() const { return place_.size; }
  bool leads() const { return place_.rank == 0; }
  const GroupPlace& place() const { return place_; }
  /// Replaces the values by their sums over the processes. The sums are the same in all of them, to the bit.
  void sum(at::Tensor& values) const;
  /// Whether it is true in any process.
  bool any(bool is_true) const;
  /// Replaces the values by those of rank 0.
  void take_from_first(at::Tensor& values) const;
  std::int64_t take_from_first(std::int64_t value) const;
  /// Compares what the processes know, by name, with rank 0's. Throws UsageError in the processes where something differs.
  void check_same(const std::map<std::string, std::string>& facts) const;

 private:
  struct Impl;
  GroupPlace place_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::model::runtime
