#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "wsi_lpd/core/progress.hpp"

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

/// Another process has ended, or can't be reached.
class ConnectionLost : public core::Error {
 public:
  using core::Error::Error;
};

/// The processes of one training, on one machine or several: LibTorch's c10d with Gloo, over TCP. The calls are collective: all processes
/// make the same ones in the same order, and wait for each other. Not thread-safe. When another process has ended, or did not answer for 30
/// minutes, they throw Error with the reason that it left (leave_reason), or ConnectionLost.
class ProcessGroup {
 public:
  /// Waits until all processes are there; says so after some seconds. Throws UsageError: no such host, another number of processes than
  /// rank 0's, a rank that is taken; Error: a port in use, processes that are not there within `patience`; Cancelled, and then a thread may
  /// wait for the rest of `patience`. Reads GLOO_SOCKET_IFNAME, the network interface. Effect on the process: LibTorch logs no warnings any
  /// more, as c10d would log every attempt to connect.
  ProcessGroup(const GroupPlace& place, const core::Work& work, std::chrono::seconds patience = std::chrono::minutes(5));
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
  /// Before this process ends with an error: what the others are to say then. The first reason counts. Not collective; never throws.
  void leave_reason(const std::string& reason) const noexcept;

 private:
  struct Impl;
  GroupPlace place_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::model::runtime
