/// \file
/// Requesters that keep a number of requests in flight at one DRAM channel, and what they saw.
///
/// A request is in flight from when the controller takes it until the last data of a read, or the
/// write command of a write. Its successor is offered in that very cycle, and waits (in order)
/// while the queue is full. Latencies are those of reads, from being taken to the last data.
///
/// Under the default address order a stream enters the rows of different banks at different
/// columns, so that the banks do not all change rows in the same moment.
///
/// Assumes:    the requester answers at once; a probe, where asked for, takes turns with the load.
/// Ignores:    caches and the way to the controller.
/// Reference:  P. Esmaili-Dokht et al., "A Mess of Memory System Benchmarking", MICRO 2024 (one
///             random probe at a time beside a load).
/// Checked by: tests/unit/hw/memory_cycle/dram_traffic_test.cpp
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/random.h"
#include "hw/memory/cycle/dram_controller.h"

namespace cairn::hw::cycle {

enum class DramPattern : std::uint8_t {
  stream,  ///< one access after the other, banks in turn
  random,  ///< uniform over the channel
  runs,    ///< several streams in turn, each jumping to a random place after a run
  trace    ///< as listed
};
constexpr auto enum_names(DramPattern) {
  using S = std::string_view;
  return std::array{
      std::pair{DramPattern::stream, S{"stream"}}, std::pair{DramPattern::random, S{"random"}},
      std::pair{DramPattern::runs, S{"runs"}}, std::pair{DramPattern::trace, S{"trace"}}};
}

struct TraceAccess {
  std::uint64_t address{};
  bool write{};
};

struct DramTrafficSpec {
  DramPattern pattern{DramPattern::stream};
  std::int64_t requests{100'000};
  double write_fraction{};
  std::int64_t outstanding{64};
  bool probe{};               ///< one random read at a time beside the pattern
  std::uint64_t run_bytes{};  ///< runs: contiguous bytes
  std::int64_t streams{1};    ///< runs: how many take turns
  std::uint64_t seed{1};
  std::vector<TraceAccess> trace;
};

/// Latencies in ticks. Counts without gaps up to a bound; longer ones are kept as such.
class LatencyCount {
 public:
  void add(std::int64_t ticks);
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] double mean() const;
  /// Least latency that a share of \p quantile does not exceed. 0 without samples.
  [[nodiscard]] double quantile(double quantile) const;

 private:
  std::vector<std::int64_t> of_ticks_;
  std::vector<std::int64_t> longer_;
  std::int64_t count_{};
  double sum_{};
};

/// Answers a channel: told what was done, it offers what comes next.
class DramClient {
 public:
  DramClient() = default;
  DramClient(const DramClient&) = delete;
  DramClient& operator=(const DramClient&) = delete;
  DramClient(DramClient&&) = delete;
  DramClient& operator=(DramClient&&) = delete;
  virtual ~DramClient() = default;
  /// The controller has been advanced to \p now. \returns when it wants to be called again although
  /// the controller has nothing to do before; kNever if it needs no such call.
  virtual std::int64_t serve(DramController& controller, std::int64_t now) = 0;
  [[nodiscard]] virtual bool done() const = 0;
};

class DramTraffic final : public DramClient {
 public:
  DramTraffic(const DramTrafficSpec& spec, const DramController& controller);

  std::int64_t serve(DramController& controller, std::int64_t now) override;
  [[nodiscard]] bool done() const override { return finished_ >= spec_.requests; }

  [[nodiscard]] const LatencyCount& reads() const { return reads_; }
  [[nodiscard]] const LatencyCount& probes() const { return probes_; }
  /// Tick at which the last request was finished: the end of its data.
  [[nodiscard]] std::int64_t end() const { return end_; }
  [[nodiscard]] std::int64_t finished() const { return finished_; }

 private:
  struct Pending {
    std::int64_t at{};
    bool probe{};
  };
  [[nodiscard]] TraceAccess next_access();
  [[nodiscard]] std::uint64_t stream_access(std::uint64_t index) const;
  void drain(DramController& controller);
  void offer(DramController& controller, std::int64_t now);

  DramTrafficSpec spec_;
  std::uint64_t access_bytes_{};
  std::uint64_t accesses_{};  ///< of the channel
  std::uint64_t banks_{1};    ///< over which a stream rotates
  std::uint64_t columns_{1};  ///< accesses of a row
  Rng random_;
  std::uint64_t stream_position_{};
  struct Run {
    std::uint64_t at{};
    std::uint64_t left{};
  };
  std::vector<Run> runs_;
  std::size_t next_run_{};
  std::int64_t sent_{};
  std::int64_t finished_{};
  std::int64_t in_flight_{};
  bool probe_turn_{};
  bool probe_in_flight_{};
  bool has_next_{};
  TraceAccess next_{};
  std::vector<Pending> pending_;  ///< by time
  std::size_t pending_first_{};
  LatencyCount reads_;
  LatencyCount probes_;
  std::int64_t end_{};
};

/// Runs until the client is done, without a simulation kernel. \returns the last tick.
std::int64_t run_to_end(DramController& controller, DramClient& client);

}  // namespace cairn::hw::cycle
