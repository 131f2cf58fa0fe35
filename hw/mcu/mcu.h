/// \file
/// A microcontroller under a software library: one core, or a cluster with a shared scratchpad,
/// or a cluster with a convolution unit.
///
/// Time: the cycles of kernel_cycles.h at the clock, behind the library's overhead for every
/// operator. In a cluster tensors pass through the scratchpad in tiles: the longer of computation
/// and DMA, after the first tile came in. Where there is a convolution unit the faster of unit and
/// cores is taken.
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
/// Checked by: tests/unit/hw/mcu/mcu_test.cpp, tests/validation/mcu_test.cpp
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hw/device.h"
#include "hw/mcu/kernel_cycles.h"
#include "hw/mcu/mcu_spec.h"

namespace cairn::hw {

class Mcu {
 public:
  using Spec = McuSpec;
  static constexpr std::string_view kModelVersion = "1";  ///< bump when any number changes

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
  /// Buffers, bookkeeping and program of the library.
  [[nodiscard]] const MemoryTraits& memory_traits() const { return spec_.library.memory; }

 private:
  /// Cycles of a group, and where they pass.
  struct Work {
    KernelCycles cores;
    double operators{};    ///< kernels started
    double unit_cycles{};  ///< of the convolution unit, setup included; 0: the cores do it
    double moved_bits{};   ///< between main memory and scratchpad
  };
  [[nodiscard]] const McuKernelsSpec* kernels_for(KernelFormat format) const;
  void add_operator(const models::Operator& op, const McuKernelsSpec& kernels, Work& work) const;
  [[nodiscard]] KernelCycles convolution(const models::Operator& op,
                                         const McuKernelsSpec& kernels) const;
  [[nodiscard]] KernelCycles product(const models::Operator& op,
                                     const McuKernelsSpec& kernels) const;
  [[nodiscard]] OperatorCost finish(const Work& work, const models::Operator& anchor,
                                    double macs) const;

  Spec spec_;
  ResolvedMemory flash_;
  McuMachine machine_;
  double scratchpad_bits_{};  ///< 0 without a cluster
  double idle_power_{};       ///< with running clocks, cores asleep
  double core_power_{};       ///< of one core, at the operating point
  double unit_power_{};
  std::array<std::int32_t, 3> kernels_{-1, -1, -1};  ///< by KernelFormat, index into the library
};

}  // namespace cairn::hw
