#include "wsi_lpd/model/runtime/process_group.hpp"

#include <torch/torch.h>
// LibTorch's headers leave c10d's Gloo out without this. They include Gloo's own headers, which are Debian's. LibTorch contains another
// version of Gloo, so nothing of it may be called here but through c10d.
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <charconv>
#include <cstdlib>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::model::runtime {
namespace {

constexpr std::chrono::minutes kSilence{30};  // rank 0 judges the model at the end of an epoch while the others wait

std::optional<std::string> variable(const char* name) {
  const char* text = std::getenv(name);
  return text && *text ? std::optional<std::string>(text) : std::nullopt;
}

/// The first of two variables that is set, as a number from 0. Throws UsageError without either.
int number(const char* name, const char* other = nullptr) {
  const char* used = other && !variable(name) ? other : name;
  const auto text = variable(used);
  const std::string where = "MASTER_ADDR asks for a training by several processes: ";
  if (!text)
    throw core::UsageError(where + name + (other ? std::string(" and ") + other + " are" : " is") +
                           " not set; start it with torchrun or srun, or unset MASTER_ADDR");
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < 0)
    throw core::UsageError(where + used + " is '" + *text + "', and must be a whole number");
  return value;
}

int number_or(const char* name, const char* other, int otherwise) {
  return variable(name) || variable(other) ? number(name, other) : otherwise;
}

}  // namespace

std::optional<GroupPlace> group_of_environment() {
  const auto host = variable("MASTER_ADDR");
  if (!host) return std::nullopt;
  const GroupPlace place{.rank = number("RANK", "SLURM_PROCID"),
                         .size = number("WORLD_SIZE", "SLURM_NTASKS"),
                         .local_rank = number_or("LOCAL_RANK", "SLURM_LOCALID", 0),
                         .local_size = number_or("LOCAL_WORLD_SIZE", "SLURM_NTASKS_PER_NODE", 0),
                         .host = *host,
                         .port = number("MASTER_PORT"),
                         .by_agent = variable("TORCHELASTIC_USE_AGENT_STORE") == "True",
                         .run = variable("TORCHELASTIC_RESTART_COUNT").value_or("0")};
  if (place.rank >= place.size)
    throw core::UsageError("MASTER_ADDR asks for a training by " +
                           core::count_of(static_cast<std::size_t>(place.size), "process", "processes") + ": this can't be number " +
                           std::to_string(place.rank) + ", as they are counted from 0");
  return place.size > 1 ? std::optional(place) : std::nullopt;
}

struct ProcessGroup::Impl {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group;

  /// Runs a call that waits for other processes.
  template <class Call>
  static void run(const GroupPlace& place, const Call& call) {
    try {
      call();
    } catch (const std::exception&) {  // Gloo's message names a line of its source and a port
      throw core::Error("training, process " + std::to_string(place.rank) + " of " + std::to_string(place.size) +
                        ": the connection to another process was lost: it has ended, as its own messages should tell, or its machine can't "
                        "be reached; start all again with --resume");
    }
  }
};

ProcessGroup::ProcessGroup(const GroupPlace& place, std::chrono::seconds patience) : place_(place), impl_(std::make_unique<Impl>()) {
  try {
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(place.port);
    options.isServer = place.rank == 0 && !place.by_agent;
    options.numWorkers = static_cast<std::size_t>(place.size);
    options.waitWorkers = false;
    options.timeout = patience;
    impl_->store = c10::make_intrusive<c10d::PrefixStore>("wsi-lpd/" + place.run, c10::make_intrusive<c10d::TCPStore>(place.host, options));
    const auto gloo = c10d::ProcessGroupGloo::Options::create(patience);
    const auto interface = variable("GLOO_SOCKET_IFNAME");
    gloo->devices.push_back(interface ? c10d::ProcessGroupGloo::createDeviceForInterface(*interface)
                                      : c10d::ProcessGroupGloo::createDefaultDevice());
    impl_->group = c10::make_intrusive<c10d::ProcessGroupGloo>(impl_->store, place.rank, place.size, gloo);
    impl_->store->setTimeout(kSilence);
  } catch (const std::exception& error) {
    const std::string text = error.what();
    throw core::Error("training, process " + std::to_string(place.rank) + " of " + std::to_string(place.size) +
                      ": the processes did not find each other at " + place.host + ":" + std::to_string(place.port) + " within " +
                      core::count_of(static_cast<std::size_t>(patience.count()), "second", "seconds") + " (" +
                      text.substr(0, text.find('\n')) + "): are all started, and is the port free and reachable?");
  }
}

ProcessGroup::~ProcessGroup() = default;

void ProcessGroup::sum(at::Tensor& values) const {
  std::vector<at::Tensor> buffers{values.cpu().contiguous()};
  c10d::AllreduceOptions options;
  options.timeout = kSilence;
  impl_->run(place_, [&] { impl_->group->allreduce(buffers, options)->wait(); });
  values = buffers[0].to(values.device());
}

bool ProcessGroup::any(bool is_true) const {
  at::Tensor count = torch::full({1}, is_true ? 1 : 0, torch::kLong);
  sum(count);
  return count.item<std::int64_t>() > 0;
}

void ProcessGroup::take_from_first(at::Tensor& values) const {
  std::vector<at::Tensor> buffers{values.cpu().contiguous()};
  c10d::BroadcastOptions options;
  options.timeout = kSilence;
  impl_->run(place_, [&] { impl_->group->broadcast(buffers, options)->wait(); });
  values.copy_(buffers[0]);
}

std::int64_t ProcessGroup::take_from_first(std::int64_t value) const {
  at::Tensor values = torch::full({1}, value, torch::kLong);
  take_from_first(values);
  return values.item<std::int64_t>();
}

void ProcessGroup::check_same(const std::map<std::string, std::string>& facts) const {
  for (const auto& [name, text] : facts) {
    if (leads()) {
      impl_->store->set(name, std::vector<std::uint8_t>(text.begin(), text.end()));
      continue;
    }
    std::string first;
    impl_->run(place_, [&] {
      const std::vector<std::uint8_t> bytes = impl_->store->get(name);
      first.assign(bytes.begin(), bytes.end());
    });
    if (first != text)
      throw core::UsageError("training, process " + std::to_string(rank()) + " of " + std::to_string(size()) + ": its " + name +
                             " differ from those of process 0: all processes need the same program, arguments and images");
  }
  take_from_first(0);  // so that no process goes on before all have compared
}

}  // namespace wsi_lpd::model::runtime
