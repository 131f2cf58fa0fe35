/// \file
/// Cycles that a core waits for its bank of a shared scratchpad, played through cycle by cycle.
///
/// Words lie over the banks in turn. Each core walks a few runs of words: weights, which all cores
/// read at the same places, and inputs of its own. The DMA engine writes neighbouring words beside
/// them. A bank serves one request a cycle, who comes after the one served last; who is not served
/// stops and asks again. Cores begin together and drift apart by their waits.
///
/// Assumes:    accesses are spread evenly over a core's cycles; runs start at random banks.
/// Ignores:    what the convolution unit reads.
/// Reference:  A. Rahimi et al., "A fully-synthesizable single-cycle interconnection network for
///             shared-L1 processor clusters", DATE 2011 (round robin at each bank).
/// Checked by: tests/unit/hw/mcu_cycle/bank_conflicts_test.cpp
#pragma once

#include <cstdint>

namespace cairn::hw::cycle {

struct BankTraffic {
  std::int64_t banks{};
  std::int64_t cores{};
  double accesses{};   ///< of a core in a cycle in which nothing waits, at most 1
  double dma_words{};  ///< a cycle, on average
};

/// Cycles of waiting for one access of a core, on average. The same for the same traffic.
[[nodiscard]] double bank_wait(const BankTraffic& traffic);

}  // namespace cairn::hw::cycle
