/// \file
/// What a memory and those who ask it for data say to each other.
#pragma once

#include <cstdint>

#include "hw/cycle/program.h"
#include "sim/kernel/machine_simulation.h"

namespace cairn::sim::kernel {

using hw::cycle::Femtoseconds;

/// Someone who moves data. Called from the process of a memory.
class Requester {
 public:
  Requester() = default;
  Requester(const Requester&) = delete;
  Requester& operator=(const Requester&) = delete;
  Requester(Requester&&) = delete;
  Requester& operator=(Requester&&) = delete;
  virtual ~Requester() = default;
  /// Part of a transfer will have arrived at \p at, which is now or later.
  virtual void arrives(std::uint32_t slot, std::uint64_t bytes, Femtoseconds at) = 0;
  /// A memory that refused a request has room again.
  virtual void try_again() = 0;
};

struct Request {
  Requester* from{};
  std::uint32_t slot{};  ///< which transfer of it
  bool write{};
  std::uint64_t address{};
  std::uint64_t bytes{};
};

/// A memory, or a cache in front of one.
class MemoryModule {
 public:
  MemoryModule() = default;
  MemoryModule(const MemoryModule&) = delete;
  MemoryModule& operator=(const MemoryModule&) = delete;
  MemoryModule(MemoryModule&&) = delete;
  MemoryModule& operator=(MemoryModule&&) = delete;
  virtual ~MemoryModule() = default;

  /// Bytes of the blocks that it serves one at a time: a request never crosses from one into the
  /// next.
  [[nodiscard]] virtual std::uint64_t block_bytes() const = 0;
  /// Takes a request, or refuses it and calls try_again() of its requester later.
  /// \param next when the same requester should offer the next one: a polite one does not fill the
  ///        queue of a memory that serves one request after the other.
  [[nodiscard]] virtual bool offer(const Request& request, Femtoseconds& next) = 0;
  /// Counted since the start of the process.
  [[nodiscard]] virtual MemoryActivity activity() const = 0;
  /// When the last data that it was given so far are where they belong; 0: with the last answer.
  [[nodiscard]] virtual Femtoseconds settled() const { return 0; }
  /// Before a program starts. \p reach share of the bandwidth that its software reaches.
  virtual void start_run(double /*reach*/) {}
};

}  // namespace cairn::sim::kernel
