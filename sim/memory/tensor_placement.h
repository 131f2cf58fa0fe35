/// \file
/// What lives where: the tensors of a workload in the memories of a machine, tier by tier.
///
/// Activations take the first memory of their list that has room for all of them; KV cache and
/// weights fill theirs one after the other and may be split. What lies beyond the first memory of
/// its list has spilled: it is moved once a pass at the bandwidth of its tier (activations are
/// written and read), through the first memory. The tiers work beside the device, which prefetches
/// from them; so a pass takes the longest of the device's time and each tier's, after a first
/// access.
///
/// Assumes:    spilled tensors are known ahead (layers run in order), so that transfers overlap.
///             Weights that the pass does not touch (idle experts) spill first.
/// Ignores:    the link between tiers, if it is slower than the tier; partial pages.
/// Reference:  Y. Sheng et al., "FlexGen", ICML 2023 (offloading tier by tier, overlapped).
/// Checked by: tests/unit/sim/tensor_placement_test.cpp
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hw/placement.h"
#include "hw/system.h"
#include "sim/cost_report.h"

namespace cairn::sim {

/// Bits that a workload needs, by kind of tensor.
struct MemoryDemand {
  std::array<double, hw::kTensorKinds> bits{};
  double idle_weights{};  ///< of the weights, those that the pass does not touch
  /// Of the weights: what training holds beside them, and where they are.
  double gradients{};
  double optimizer{};
  [[nodiscard]] double& operator[](hw::TensorKind kind) {
    return bits[static_cast<std::size_t>(kind)];  // NOLINT: inner loop
  }
  [[nodiscard]] double operator[](hw::TensorKind kind) const {
    return bits[static_cast<std::size_t>(kind)];  // NOLINT: inner loop
  }
  [[nodiscard]] double total() const { return bits[0] + bits[1] + bits[2]; }
};

/// One tensor kind, or a part of it, in one memory.
struct PlacedPart {
  hw::TensorKind kind{};
  std::uint32_t tier{};  ///< index into MemoryTiers::tiers()
  bool spilled{};
  double bits{};
  double moved_bits{};  ///< of a spilled part, in one pass
};

/// What has no room.
struct Shortage {
  hw::TensorKind kind{};  ///< the last that was placed
  std::uint32_t tier{};   ///< the last memory that was tried
  double over_bits{};
};

struct PlacedTensors {
  static constexpr std::size_t kMostParts = 24;
  std::array<PlacedPart, kMostParts> parts{};
  std::size_t count{};
  std::optional<Shortage> shortage{};
  [[nodiscard]] std::span<const PlacedPart> view() const { return std::span{parts}.first(count); }
};

/// The memories that tensors may lie in, and their order. Small; made once a machine.
class MemoryTiers {
 public:
  struct Tier {
    std::string name;
    double capacity_bits{};
    double bandwidth{};  ///< bit/s
    double latency_s{};
    double read_energy{};   ///< J/bit
    double write_energy{};  ///< J/bit
  };

  MemoryTiers() = default;
  explicit MemoryTiers(const hw::Machine& machine);

  [[nodiscard]] const std::vector<Tier>& tiers() const { return tiers_; }
  /// The first memory of a kind's list.
  [[nodiscard]] const Tier& home(hw::TensorKind kind) const;
  /// Capacity of all memories together, each once.
  [[nodiscard]] double capacity_of(hw::TensorKind kind) const;
  /// Allocates nothing.
  [[nodiscard]] PlacedTensors place(const MemoryDemand& demand) const;

 private:
  std::vector<Tier> tiers_;
  std::array<std::vector<std::uint32_t>, hw::kTensorKinds> order_;
};

/// Adds the transfers of spilled parts to the cost of a pass.
/// \param static_power W of one device, for the time that waiting adds.
/// \param devices that share the pass, each with tiers of its own.
void add_spills(const PlacedTensors& placed, const MemoryTiers& tiers, double static_power,
                double devices, WorkloadCost& cost);

}  // namespace cairn::sim
