#include "sim/kernel/dram_memory.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "hw/memory/cycle/dram_controller.h"
#include "sim/kernel/waker.h"

namespace cairn::sim::kernel {
namespace {

using hw::cycle::DramCommand;
using hw::cycle::DramCompletion;
using hw::cycle::DramController;
using hw::cycle::DramControllerOptions;
using hw::cycle::DramLogEntry;

constexpr double kBitsPerByte = 8;

DramControllerOptions options_of(const SimulatedMemory& spec) {
  DramControllerOptions options = hw::cycle::default_options(*spec.part);
  if (!spec.refresh) {
    options.refresh = hw::cycle::RefreshMode::off;
  }
  options.map =
      "row rank bank column bankgroup pseudochannel";  // streams keep to banks of their own
  if (spec.energies) {
    options.energies = *spec.energies;
  }
  return options;
}

/// Open rows as slices of the timeline, a line for each bank.
class RowTrace final : public hw::cycle::DramLog {
 public:
  RowTrace(hw::cycle::TraceSink& sink, const std::string& name, const DramController& controller,
           Femtoseconds tick)
      : sink_(sink), protocol_(controller.protocol()), tick_(tick) {
    for (std::int32_t bank = 0; bank < protocol_.banks(); ++bank) {
      tracks_.push_back(sink.track(name, fmt::format("bank {}", bank)));
    }
    opened_.assign(tracks_.size(), -1);
    rows_.assign(tracks_.size(), 0);
  }

  void command(const DramLogEntry& entry) override {
    const auto bank = static_cast<std::size_t>(entry.flat_bank);
    switch (entry.command) {
      case DramCommand::activate:
        opened_[bank] = entry.cycle * tick_;
        rows_[bank] = entry.row;
        break;
      case DramCommand::precharge:
      case DramCommand::read_close:
      case DramCommand::write_close:
        close(bank, entry.cycle);
        break;
      case DramCommand::precharge_all: {
        const hw::cycle::DramLevel level = protocol_.all_bank_level();
        const std::int32_t node = protocol_.node_of(level, entry.flat_bank);
        for (std::int32_t b = 0; b < protocol_.banks(); ++b) {
          if (protocol_.node_of(level, b) == node) {
            close(static_cast<std::size_t>(b), entry.cycle);
          }
        }
        break;
      }
      default:
        break;
    }
  }

 private:
  void close(std::size_t bank, std::int64_t cycle) {
    if (opened_[bank] >= 0) {
      sink_.slice(tracks_[bank], fmt::format("row {}", rows_[bank]), opened_[bank], cycle * tick_);
      opened_[bank] = -1;
    }
  }

  hw::cycle::TraceSink& sink_;
  const hw::cycle::DramProtocol& protocol_;
  Femtoseconds tick_{};
  std::vector<std::int32_t> tracks_;
  std::vector<Femtoseconds> opened_;
  std::vector<std::uint32_t> rows_;
};

/// One channel: its controller as a process that goes from command to command.
class DramChannelProcess final : public Waker {
 public:
  DramChannelProcess(const std::string& name, const SimulatedMemory& spec,
                     hw::cycle::TraceSink* trace)
      : Waker(name),
        controller_(*spec.part, options_of(spec)),
        tick_(hw::cycle::to_femtoseconds(controller_.tick_s())) {
    if (trace != nullptr) {
      trace_ = std::make_unique<RowTrace>(*trace, name, controller_, tick_);
      controller_.set_log(trace_.get());
    }
  }

  /// \param address within the channel.
  bool offer(const Request& request, std::uint64_t address) {
    if (!controller_.can_accept(request.write)) {
      std::vector<Requester*>& line = refused_[request.write ? 1 : 0];
      if (std::find(line.begin(), line.end(), request.from) == line.end()) {
        line.push_back(request.from);
      }
      return false;
    }
    const Femtoseconds time = now();
    const std::int64_t tick = (time + tick_ - 1) / tick_;
    if (controller_.idle()) {
      controller_.advance(tick - 1);  // refreshes of the time in which nobody asked
    }
    std::uint32_t tag = 0;
    if (free_.empty()) {
      tag = static_cast<std::uint32_t>(waiting_.size());
      waiting_.emplace_back();
    } else {
      tag = free_.back();
      free_.pop_back();
    }
    waiting_[tag] = request;
    last_arrival_ = std::max(last_arrival_, tick);
    controller_.enqueue({.address = address,
                         .write = request.write,
                         .source = 0,
                         .tag = tag,
                         .arrival = last_arrival_});
    ++requests_;
    (request.write ? write_bits_ : read_bits_) += static_cast<double>(request.bytes) * kBitsPerByte;
    if (!running_) {
      wake_at(std::max(time, controller_.next_event() * tick_));
    }
    if (request.write) {  // posted: the controller has it, and writes when it suits the reads
      request.from->arrives(request.slot, request.bytes, time);
    }
    return true;
  }

  [[nodiscard]] const DramController& controller() const { return controller_; }
  [[nodiscard]] Femtoseconds settled() const { return settled_; }
  void add_to(MemoryActivity& sum) const {
    const hw::cycle::DramStatistics s = controller_.statistics();
    sum.read_bits += read_bits_;
    sum.write_bits += write_bits_;
    sum.requests += requests_;
    sum.row_hits += s.row_hits;
    sum.row_misses += s.row_misses;
    sum.row_conflicts += s.row_conflicts;
    sum.busy_s += static_cast<double>(s.bus_busy) * controller_.tick_s();
  }

 private:
  void run() override {
    running_ = true;
    const std::int64_t tick = now() / tick_;
    last_arrival_ = std::max(last_arrival_, tick);
    controller_.advance(tick);
    finished_.assign(controller_.completions().begin(), controller_.completions().end());
    controller_.clear_completions();
    for (const DramCompletion& done : finished_) {
      const auto tag = static_cast<std::uint32_t>(done.tag);
      const Request request = waiting_[tag];
      free_.push_back(tag);
      const Femtoseconds at = std::max(now(), done.cycle * tick_);
      settled_ = std::max(settled_, at);
      if (!request.write) {
        request.from->arrives(request.slot, request.bytes, at);
      }
    }
    serve_refused(false);
    serve_refused(true);
    running_ = false;
    if (!controller_.idle()) {
      wake_at(std::max(now(), controller_.next_event() * tick_));
    }
  }

  /// In turns: who is served and wants more goes to the end of the line.
  void serve_refused(bool write) {
    std::vector<Requester*>& refused = refused_[write ? 1 : 0];
    std::vector<Requester*> line;
    line.swap(refused);
    std::size_t served = 0;
    while (served < line.size() && controller_.can_accept(write)) {
      line[served++]->try_again();
    }
    refused.insert(refused.begin(), line.begin() + static_cast<std::ptrdiff_t>(served), line.end());
  }

  DramController controller_;
  Femtoseconds tick_{};
  std::unique_ptr<RowTrace> trace_;
  std::vector<Request> waiting_;  ///< by tag
  std::vector<std::uint32_t> free_;
  std::array<std::vector<Requester*>, 2> refused_;  ///< reads, writes
  std::vector<DramCompletion> finished_;
  std::int64_t last_arrival_{};
  Femtoseconds settled_{};
  bool running_{};
  double read_bits_{};
  double write_bits_{};
  std::uint64_t requests_{};
};

class DramMemory final : public MemoryModule {
 public:
  DramMemory(const SimulatedMemory& spec, hw::cycle::TraceSink* trace) : counts_(spec.energies) {
    for (std::int64_t c = 0; c < spec.channels; ++c) {
      channels_.push_back(std::make_unique<DramChannelProcess>(
          fmt::format("{}_channel_{}", spec.name, c), spec, trace));
    }
    access_bytes_ = channels_.front()->controller().access_bytes();
    pseudo_channels_ = static_cast<double>(spec.part->organisation.pseudo_channels);
  }

  [[nodiscard]] std::uint64_t block_bytes() const override { return access_bytes_; }

  bool offer(const Request& request, Femtoseconds& next) override {
    const std::uint64_t interleave = std::max(kInterleaveBytes, access_bytes_);
    const std::uint64_t stripe = request.address / interleave;
    const std::uint64_t count = channels_.size();
    next = now();
    return channels_[stripe % count]->offer(
        request, stripe / count * interleave + request.address % interleave);
  }

  [[nodiscard]] Femtoseconds settled() const override {
    Femtoseconds last = 0;
    for (const auto& channel : channels_) {
      last = std::max(last, channel->settled());
    }
    return last;
  }

  [[nodiscard]] MemoryActivity activity() const override {
    MemoryActivity sum;
    double joules = 0;
    for (const auto& channel : channels_) {
      channel->add_to(sum);
      const hw::cycle::DramEnergy energy = channel->controller().energy();
      joules += energy.activate + energy.read + energy.write;
    }
    // The time in which all pins of all channels would have been at work.
    sum.busy_s /= static_cast<double>(channels_.size()) * pseudo_channels_;
    if (counts_) {
      sum.energy_j = joules;
    }
    return sum;
  }

 private:
  std::vector<std::unique_ptr<DramChannelProcess>> channels_;
  std::uint64_t access_bytes_{};
  double pseudo_channels_{1};
  bool counts_{};
};

}  // namespace

std::unique_ptr<MemoryModule> make_dram(const SimulatedMemory& spec, hw::cycle::TraceSink* trace) {
  CAIRN_CHECK(spec.part.has_value(), "a DRAM memory without a part");
  return std::make_unique<DramMemory>(spec, trace);
}

}  // namespace cairn::sim::kernel
