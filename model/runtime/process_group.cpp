#include "wsi_lpd/model/runtime/process_group.hpp"

#include <torch/torch.h>
// LibTorch's headers leave c10d's Gloo out without this. They include Gloo's own headers, which are Debian's. LibTorch contains another
// version of Gloo, so nothing of it may be called here but through c10d.
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <netdb.h>

#include <charconv>
#include <cstdlib>
#include <future>
#include <thread>

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

const std::string kReason = "reason";

std::string name_of(const GroupPlace& place) {
  return "training, process " + std::to_string(place.rank) + " of " + std::to_string(place.size);
}

std::string place_of(const GroupPlace& place) { return place.host + ":" + std::to_string(place.port); }

std::string text_of(std::chrono::seconds time) { return core::count_of(static_cast<std::size_t>(time.count()), "second", "seconds"); }

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }
std::string text_of(const std::vector<std::uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

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
  /// What another process left, or nothing.
  std::optional<std::string> reason() const {
    try {
      if (store->check({kReason})) return text_of(store->get(kReason));
    } catch (const std::exception&) {  // the store was in the process that has ended
    }
    return std::nullopt;
  }
  /// Runs a call that waits for other processes.
  template <class Call>
  void run(const GroupPlace& place, const Call& call) const {
    try {
      call();
    } catch (const std::exception&) {  // Gloo's message names a line of its source and a port
      if (const auto why = reason()) throw core::Error(*why);
      throw ConnectionLost(name_of(place) +
                           ": the connection to another process was lost: it has ended, as its own messages should tell, or "
                           "its machine can't be reached; when that is mended, start all again, with --resume if the training had begun");
    }
  }
  static Impl join(const GroupPlace& place, std::chrono::seconds patience);
  void call_roll(const GroupPlace& place, std::chrono::seconds patience) const;
};

/// So that processes of different numbers don't wait for each other, and rank 0 can name those that are missing.
void ProcessGroup::Impl::call_roll(const GroupPlace& place, std::chrono::seconds patience) const {
  const auto here = [](int rank) { return "here/" + std::to_string(rank); };
  if (store->add("taken/" + std::to_string(place.rank), 1) > 1)
    throw core::UsageError(name_of(place) + ": there is such a process already at " + place_of(place) +
                           ": give every process a RANK of its own, and every training a MASTER_PORT of its own");
  if (place.rank > 0) {
    store->wait({"size"}, patience);
    if (const std::string size = text_of(store->get("size")); size != std::to_string(place.size)) {
      const std::string why = name_of(place) + ": process 0 was told of " + size + " processes: WORLD_SIZE has to be the same for all";
      store->set(kReason, bytes_of(why));
      throw core::UsageError(why);
    }
    store->set(here(place.rank), bytes_of(""));
    store->wait({"all"}, patience);
    return;
  }
  store->set("size", bytes_of(std::to_string(place.size)));
  std::vector<std::string> missing;
  for (const auto end = std::chrono::steady_clock::now() + patience; std::chrono::steady_clock::now() < end;
       std::this_thread::sleep_for(std::chrono::milliseconds(50))) {
    missing.clear();
    for (int rank = 1; rank < place.size; ++rank)
      if (!store->check({here(rank)})) missing.push_back(std::to_string(rank));
    if (missing.empty()) return store->set("all", bytes_of(""));
    if (const auto why = reason()) throw core::Error(*why);
  }
  throw core::Error(name_of(place) + ": no sign of process " + core::joined(missing) + " at " + place_of(place) + " within " +
                    text_of(patience) + ": start all, with the same MASTER_ADDR");
}

ProcessGroup::Impl ProcessGroup::Impl::join(const GroupPlace& place, std::chrono::seconds patience) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(place.port);
  options.isServer = place.rank == 0 && !place.by_agent;
  options.numWorkers = static_cast<std::size_t>(place.size);
  options.waitWorkers = false;
  options.timeout = patience;
  Impl impl;
  impl.store = c10::make_intrusive<c10d::PrefixStore>("wsi-lpd/" + place.run, c10::make_intrusive<c10d::TCPStore>(place.host, options));
  impl.call_roll(place, patience);
  const auto gloo = c10d::ProcessGroupGloo::Options::create(patience);
  const auto interface = variable("GLOO_SOCKET_IFNAME");
  gloo->devices.push_back(interface ? c10d::ProcessGroupGloo::createDeviceForInterface(*interface)
                                    : c10d::ProcessGroupGloo::createDefaultDevice());
  impl.group = c10::make_intrusive<c10d::ProcessGroupGloo>(impl.store, place.rank, place.size, gloo);
  impl.store->setTimeout(kSilence);
  return impl;
}

ProcessGroup::ProcessGroup(const GroupPlace& place, const core::Work& work, std::chrono::seconds patience) : place_(place) {
  FLAGS_caffe2_log_level = c10::GLOG_FATAL;
  addrinfo* found = nullptr;
  if (getaddrinfo(place.host.c_str(), nullptr, nullptr, &found) != 0)
    throw core::UsageError(name_of(place) + ": MASTER_ADDR is '" + place.host + "', which no machine has as its name or address");
  freeaddrinfo(found);
  // In a thread of its own, which can be left alone: c10d's waiting can't be interrupted.
  const auto promise = std::make_shared<std::promise<Impl>>();
  std::future<Impl> joined = promise->get_future();
  std::thread([place, patience, promise] {
    try {
      promise->set_value(Impl::join(place, patience));
    } catch (...) {
      promise->set_exception(std::current_exception());
    }
  }).detach();
  const auto start = std::chrono::steady_clock::now();
  for (bool said = false; joined.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready;) {
    core::check(work.cancel);
    if (said || std::chrono::steady_clock::now() - start < std::chrono::seconds(5)) continue;
    said = true;
    work.observer.info(name_of(place) + ": waiting for the others at " + place_of(place) + ", for at most " + text_of(patience));
  }
  try {
    impl_ = std::make_unique<Impl>(joined.get());
  } catch (const core::Error&) {
    throw;
  } catch (const std::exception& error) {
    const std::string text = error.what();
    if (text.find("EADDRINUSE") != std::string::npos)
      throw core::Error(name_of(place) + ": port " + std::to_string(place.port) + " is in use on this machine: choose another MASTER_PORT");
    throw core::Error(name_of(place) + ": the processes did not find each other at " + place_of(place) + " within " + text_of(patience) +
                      ": are all started, and can the port be reached?");
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
      impl_->store->set(name, bytes_of(text));
      continue;
    }
    std::string first;
    impl_->run(place_, [&] { first = text_of(impl_->store->get(name)); });
    if (first != text)
      throw core::UsageError(name_of(place_) + ": its " + name +
                             " differ from those of process 0: all processes need the same program, arguments and images");
  }
  any(false);  // so that no process goes on before all have compared
}

void ProcessGroup::leave_reason(const std::string& reason) const noexcept {
  try {
    impl_->store->compareSet(kReason, {}, bytes_of(reason));
  } catch (const std::exception&) {  // there is nobody to be told
  }
}

}  // namespace wsi_lpd::model::runtime
