/// \file
/// A microcontroller under a software library: one core, or a cluster with a shared scratchpad,
/// or a cluster with a convolution unit.
///
/// Time: the cycles of kernel_cycles.h at the clock, behind the library's overhead for every
/// operator. In a cluster tensors pass through the scratchpad in tiles (tile_pipeline.h). Where
/// there is a convolution unit the faster of unit and cores is taken.
///
/// Formats: integers up to 8 bits on both sides run the int8 kernels, up to 16 bits the int16
/// ones, anything floating the fp32 ones; narrower or coded weights are unpacked first. A pair
/// for which the library has no kernels is infeasible. relu and relu6 are the clamp of the output
/// where the library says so; every other operator is a kernel of its own.
///
/// Power: that of the whole board, as measured in its supply, at one operating point; dynamic
/// power goes with clock and V^2, idle power with V. The energy of an operator is cycles x power,
/// divided among the components by what the cycles were spent on.
///
/// Assumes:    one inference at a time, activations in the named SRAM, weights in the named
///             flash; pruning saves storage only; data-independent power.
/// Ignores:    interrupts, input and output of data, start-up, DMA beside a single core.
/// Reference:  see kernel_cycles.h and convolution_unit.h.
/// Checked by: tests/unit/hw/mcu/mcu_test.cpp, tests/validation/mcu_test.cpp,
///             tests/unit/hw/mcu_cycle (against the cycle level)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hw/device.h"
#include "hw/mcu/kernel_cycles.h"
#include "hw/mcu/mcu_spec.h"
#include "hw/mcu/tile_pipeline.h"
#include "hw/placement.h"

namespace cairn::hw {

/// How a microcontroller runs one operator: what both levels price.
struct McuPlan {
  std::array<KernelBlocks, 3> kernels;  ///< one after the other
  std::size_t kernel_count{};
  KernelCycles cores;    ///< of all kernels, on the busiest core
  double overhead{};     ///< cycles of one core before work begins
  bool on_unit{};        ///< the convolution unit does it, not the cores
  double unit_setup{};   ///< cycles to configure the unit
  double unit_cycles{};  ///< of the unit, without its setup
  TiledWork tiled;       ///< with a cluster
  TileSize tile;
  double fetched_bits{};  ///< from flash, or from the main memory of a cluster
  double weight_bits{};   ///< part of it
  double stored_bits{};   ///< to the main memory of a cluster
  [[nodiscard]] std::span<const KernelBlocks> used() const {
    return std::span(kernels).first(kernel_count);
  }
};

class Mcu {
 public:
  using Spec = McuSpec;
  static constexpr std::string_view kModelVersion = "2";  ///< bump when any number changes

  /// Why no such device can be built: the library has no kernels that the core runs, or a supply
  /// below its core voltage.
  [[nodiscard]] static std::optional<Infeasible> problem(const Spec& spec,
                                                         const DeviceContext& context);

  /// Precondition: the memories it names exist, and problem() is empty.
  Mcu(const Spec& spec, const DeviceContext& context);

  /// Nothing to map: constraint and objective are ignored.
  [[nodiscard]] Estimate price(const GroupView& group, const MappingConstraint& constraint,
                               MappingObjective objective) const;
  [[nodiscard]] double peak_macs_per_second(const models::Formats& formats) const;
  /// The memory of weights and code.
  [[nodiscard]] const ResolvedMemory& backing() const { return flash_; }
  [[nodiscard]] double clock() const { return spec_.clock.count(); }
  [[nodiscard]] double static_power() const { return idle_power_; }
  void append_area(std::vector<AreaPart>& parts) const;
  [[nodiscard]] std::vector<std::string> assumptions() const;
  [[nodiscard]] models::Precision default_format() const { return models::kInt8; }

  [[nodiscard]] const Spec& spec() const { return spec_; }
  [[nodiscard]] const McuMachine& machine() const { return machine_; }
  /// Between main memory and scratchpad; only with a cluster.
  [[nodiscard]] const TileTransport& transport() const { return transport_; }
  /// How \p op is run, or nothing if the library has no kernels for its formats.
  [[nodiscard]] std::optional<McuPlan> plan_of(const models::Operator& op) const;
  /// Whether \p follower costs nothing: the clamp of the output before it.
  [[nodiscard]] bool is_free(const models::Operator& follower) const;
  /// Buffers, bookkeeping and program of the library.
  [[nodiscard]] DevicePlacement placement() const {
    return {.weights = spec_.flash.memory, .kv_cache = spec_.sram, .activations = spec_.sram};
  }
  [[nodiscard]] const MemoryTraits& memory_traits() const { return spec_.library.memory; }

 private:
  [[nodiscard]] const McuKernelsSpec* kernels_for(KernelFormat format) const;
  void add_kernels(const models::Operator& op, const McuKernelsSpec& kernels, McuPlan& plan) const;
  [[nodiscard]] KernelBlocks convolution(const models::Operator& op,
                                         const McuKernelsSpec& kernels) const;
  [[nodiscard]] KernelBlocks product(const models::Operator& op,
                                     const McuKernelsSpec& kernels) const;
  [[nodiscard]] OperatorCost cost_of(const McuPlan& plan) const;

  Spec spec_;
  ResolvedMemory flash_;
  McuMachine machine_;
  TileTransport transport_;
  double idle_power_{};  ///< with running clocks, cores asleep
  double core_power_{};  ///< of one core, at the operating point
  double unit_power_{};
  std::array<std::int32_t, 3> kernels_{-1, -1, -1};  ///< by KernelFormat, index into the library
};

}  // namespace cairn::hw
