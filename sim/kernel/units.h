/// \file
/// Units of a machine as SystemC processes: those that compute and those that move data.
/// Private to this folder: it includes SystemC.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/kernel/memory_module.h"
#include "sim/kernel/server_memory.h"
#include "sim/kernel/task_streams.h"
#include "sim/kernel/waker.h"

namespace cairn::sim::kernel {

/// What units need of the machine around them.
class UnitHost {
 public:
  UnitHost() = default;
  UnitHost(const UnitHost&) = delete;
  UnitHost& operator=(const UnitHost&) = delete;
  UnitHost(UnitHost&&) = delete;
  UnitHost& operator=(UnitHost&&) = delete;
  virtual ~UnitHost() = default;
  /// Whether all that the task waits for is done; if not, the unit is called again when some task
  /// of that stream is.
  [[nodiscard]] virtual bool ready(const IssuedTask& task, std::size_t unit) = 0;
  virtual void finished(const IssuedTask& task, std::size_t unit, Femtoseconds start,
                        Femtoseconds end) = 0;
  [[nodiscard]] virtual MemoryModule& memory(std::int32_t index) = 0;
  /// The port of an on-chip memory; null when it never limits.
  [[nodiscard]] virtual ServerMemory* port(std::int32_t index) = 0;
};

class UnitProcess : public Waker {
 public:
  UnitProcess(const std::string& name, std::size_t index, UnitHost& host);
  void give(const IssuedTask& task);
  /// Something that it may wait for has happened.
  virtual void look_again() = 0;
  /// The task that it would do next, or null.
  [[nodiscard]] const IssuedTask* waiting() const {
    return queue_.empty() ? nullptr : &queue_.front();
  }
  /// All that it was given and has not begun, in order.
  [[nodiscard]] const std::deque<IssuedTask>& queue() const { return queue_; }
  [[nodiscard]] Femtoseconds busy() const { return busy_; }
  void start_run() { busy_ = 0; }
  /// For a value change dump.
  [[nodiscard]] const bool& working() const { return working_; }
  /// What it has begun and not finished, for a report of a deadlock; empty when nothing.
  [[nodiscard]] virtual std::string pending() const = 0;

 protected:
  // NOLINTBEGIN(cppcoreguidelines-non-private-member-variables-in-classes)
  std::size_t index_{};
  UnitHost& host_;
  std::deque<IssuedTask> queue_;
  Femtoseconds busy_{};
  bool working_{};
  // NOLINTEND(cppcoreguidelines-non-private-member-variables-in-classes)
};

/// Does one task after the other. A task that moves bits through ports does so in equal slices over
/// its duration, each of which lasts until the port has served it.
class ComputeUnit final : public UnitProcess {
 public:
  /// \param engine may be null.
  ComputeUnit(const std::string& name, std::size_t index, UnitHost& host,
              std::shared_ptr<hw::cycle::UnitEngine> engine = nullptr)
      : UnitProcess(name, index, host), engine_(std::move(engine)) {}
  void look_again() override;
  [[nodiscard]] std::string pending() const override;

 private:
  static constexpr std::int64_t kSlices = 8;
  void run() override;
  void next_slice();

  std::shared_ptr<hw::cycle::UnitEngine> engine_;
  bool active_{};
  IssuedTask task_;
  Femtoseconds start_{};
  Femtoseconds due_{};
  std::int64_t slices_{};
  std::int64_t slice_{};
};

/// Cuts transfers into requests. The requests of the next transfer follow those of the one before;
/// a transfer is done when its last request is.
class TransferUnit final : public UnitProcess, public Requester {
 public:
  TransferUnit(const std::string& name, std::size_t index, UnitHost& host,
               std::int64_t outstanding_bits);
  void look_again() override;
  void arrives(std::uint32_t slot, std::uint64_t bytes, Femtoseconds at) override;
  void try_again() override;
  [[nodiscard]] std::string pending() const override;

 private:
  struct Flight {
    IssuedTask task;
    MemoryModule* memory{};
    std::uint64_t total{};
    std::uint64_t asked{};
    std::uint64_t arrived{};
    std::uint64_t row{};
    std::uint64_t column{};  ///< bytes of the row that were asked for
    Femtoseconds start{};
    Femtoseconds end{};
    bool used{};
  };
  struct Arrival {
    Femtoseconds at{};
    std::uint64_t bytes{};
    bool operator<(const Arrival& other) const { return at > other.at; }  // the earliest on top
  };
  struct Ending {
    Femtoseconds at{};
    std::uint32_t slot{};
    bool operator<(const Ending& other) const {
      return at != other.at ? at > other.at : slot > other.slot;
    }
  };
  void run() override;
  void pump();
  bool begin_next();
  void use_ports(const Flight& flight, std::uint64_t bytes, Femtoseconds& at);

  std::uint64_t most_outstanding_{};  ///< bytes; 0: no limit
  std::uint64_t outstanding_{};
  std::vector<Flight> flights_;
  std::vector<std::uint32_t> free_;
  std::int64_t asking_{-1};  ///< slot of the transfer whose requests are being made
  Femtoseconds not_before_{};
  bool refused_{};
  bool pumping_{};
  std::size_t in_flight_{};
  Femtoseconds busy_since_{};
  std::vector<Arrival> arrivals_;  ///< a heap
  std::vector<Ending> endings_;    ///< a heap
};

}  // namespace cairn::sim::kernel
