/// \file
/// Memories that serve one request after the other, and caches made of them.
#pragma once

#include <deque>
#include <vector>

#include "sim/kernel/memory_module.h"

namespace cairn::sim::kernel {

/// A bandwidth and a latency. Requests are served in the order of their arrival.
class ServerMemory final : public MemoryModule {
 public:
  explicit ServerMemory(const SimulatedMemory& spec);
  [[nodiscard]] std::uint64_t block_bytes() const override { return kBlockBytes; }
  [[nodiscard]] bool offer(const Request& request, Femtoseconds& next) override;
  [[nodiscard]] MemoryActivity activity() const override { return activity_; }
  void start_run(double reach) override { femtoseconds_per_bit_ = at_full_reach_ / reach; }

  /// Moves bits through the port. \returns when the last has passed.
  Femtoseconds serve(double bits, Femtoseconds earliest);
  [[nodiscard]] bool limits() const { return femtoseconds_per_bit_ > 0; }

 private:
  /// Long enough that events are few, short enough that requesters take turns.
  static constexpr std::uint64_t kBlockBytes = 4096;

  double at_full_reach_{};         ///< femtoseconds of a bit
  double femtoseconds_per_bit_{};  ///< 0: never limits
  Femtoseconds latency_{};
  Femtoseconds free_at_{};
  double rest_{};  ///< part of a femtosecond, so that no time is lost to rounding
  MemoryActivity activity_;
};

/// Keeps the blocks that passed last, in sets of ways that are replaced in the order of their last
/// use. Writes go to the memory behind as well.
class CacheMemory final : public MemoryModule, public Requester {
 public:
  CacheMemory(const hw::cycle::CacheOver& spec, const SimulatedMemory& memory,
              MemoryModule& behind);
  [[nodiscard]] std::uint64_t block_bytes() const override { return line_bytes_; }
  [[nodiscard]] bool offer(const Request& request, Femtoseconds& next) override;
  [[nodiscard]] MemoryActivity activity() const override { return activity_; }
  void start_run(double reach) override;

  void arrives(std::uint32_t slot, std::uint64_t bytes, Femtoseconds at) override;
  void try_again() override;

 private:
  struct Line {
    std::uint64_t block{~0ULL};
    std::uint64_t last_use{};
    std::int32_t miss{-1};  ///< being fetched: index into misses_
    Femtoseconds ready{};
  };
  struct Waiting {
    Request request;
  };
  /// A fetch from behind, or a write on its way there.
  struct Miss {
    std::vector<Waiting> waiting;
    std::uint64_t missing_bytes{};
    std::uint64_t asked_bytes{};
    std::uint64_t total_bytes{};
    std::uint64_t address{};
    Femtoseconds at{};
    std::int64_t line{-1};
    bool write{};
    bool used{};
  };
  [[nodiscard]] std::size_t set_of(std::uint64_t block) const;
  void pass(const Request& request, Femtoseconds ready);
  void send(std::uint32_t index);
  void finish(std::uint32_t index);

  std::uint64_t line_bytes_{};
  std::size_t ways_{};
  std::vector<Line> lines_;
  std::deque<ServerMemory> slices_;
  MemoryModule& behind_;
  std::vector<Miss> misses_;
  std::vector<std::uint32_t> free_misses_;
  std::vector<std::uint32_t> unsent_;
  std::vector<Requester*> refused_;
  std::uint64_t uses_{};
  MemoryActivity activity_;
};

}  // namespace cairn::sim::kernel
