/// \file
/// What a family offers to the cycle level, beside its closed form.
///
/// A family `x` has in `hw/x/cycle/x_program.h` two functions for its model class:
///
///   DeviceUnits units_of(const Model&, std::span<const ResolvedMemory>);
///   ProgramOrRefusal program_of(const Model&, const GroupView&, const OperatorCost& closed_form,
///                               std::span<const ResolvedMemory>);
///
/// The program follows the mapping of `closed_form`: the search is not repeated. Units are numbered
/// in the order of DeviceUnits::units.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "hw/cost.h"
#include "hw/cycle/program.h"
#include "hw/device.h"
#include "hw/link/network_spec.h"

namespace cairn::hw::cycle {

/// A network between the units that move data and the memories of a device.
struct NetworkPlacement {
  NetworkSpec spec;
  std::vector<std::int32_t> unit_node;  ///< by unit; -1: asks memories directly
  /// Nodes of the channels of each memory; empty: it is not behind the network.
  std::vector<std::vector<std::int32_t>> memory_nodes;
};

struct DeviceUnits {
  std::vector<Unit> units;
  std::vector<CacheOver> caches;
  std::optional<NetworkPlacement> network{};
};

using ProgramOrRefusal = std::variant<Program, Infeasible>;

/// Index of the memory called \p name, or -1.
[[nodiscard]] inline std::int32_t memory_index(std::span<const ResolvedMemory> memories,
                                               std::string_view name) {
  for (std::size_t i = 0; i < memories.size(); ++i) {
    if (memories[i].name == name) {
      return static_cast<std::int32_t>(i);
    }
  }
  return -1;
}

/// Places tensors one after the other in a memory, each at the start of a row of DRAM.
class AddressMap {
 public:
  static constexpr std::uint64_t kAlignment = 8192;
  /// Address of a tensor of \p bits. \p bits are rounded up to whole bytes.
  [[nodiscard]] std::uint64_t place(double bits) {
    const std::uint64_t at = next_;
    const auto bytes = static_cast<std::uint64_t>(std::ceil(bits / 8.0));
    next_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return at;
  }

 private:
  std::uint64_t next_{};
};

}  // namespace cairn::hw::cycle
