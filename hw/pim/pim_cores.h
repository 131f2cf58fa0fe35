/// \file
/// General cores beside the banks of a memory: analytical model.
///
/// Rows of a result (columns n of the weights) are spread over the cores; each core streams its
/// weights from its bank through the scratchpad, block by block, while its threads compute. The
/// host sends the inputs to every core and collects the outputs.
///
///   instructions   one a cycle when `reissue_cycles` threads run, else threads / reissue_cycles
///   transfer       blocks x (fixed + per_byte x bytes) cycles, one engine for each core
///   core time      portions go round the threads: max(transfers + the last portion's
///                  instructions, instructions + the first transfer, rounds x a thread's own
///                  transfers and instructions)
///   time           launch + inputs to all cores + the busiest core + outputs to the host
///
/// A product is multiply + accumulate instructions; formats that the core has no instruction for
/// cost what their emulation does. Attention: a core holds keys and values of (sequence, KV head)
/// pairs, each for all query heads that share it. A gather is one transfer an entry.
///
/// Assumes:    data already in the banks (weights, KV cache); equal shares, the last one rounded
///             up; inputs that do not fit half of the scratchpad are streamed again by each block
///             of outputs.
/// Ignores:    bank refresh, contention of threads for the engine beyond its total, transfers that
///             the host could overlap, transposition of data by the host's library.
/// Reference:  J. Gomez-Luna et al., "Benchmarking a new paradigm: experimental analysis and
///             characterization of a real processing-in-memory system", IEEE Access 10, 2022.
/// Checked by: tests/unit/hw/pim/pim_cores_test.cpp (by hand), tests/unit/hw/pim_cycle/ (against
///             the same program simulated), `cairn validate --only pim_cores_*`
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hw/device.h"
#include "hw/pim/pim_cores_spec.h"
#include "hw/pim/pim_cores_work.h"

namespace cairn::hw {

/// An operation of a core's program.
enum class CoreOperation : std::uint8_t { add, multiply };

class PimCores {
 public:
  using Spec = PimCoresSpec;
  static constexpr std::string_view kModelVersion = "2";  ///< bump when any number changes

  [[nodiscard]] static std::optional<Infeasible> problem(const Spec& spec,
                                                         const DeviceContext& context);
  /// Precondition: every memory it names exists, and problem() is empty.
  PimCores(const Spec& spec, const DeviceContext& context);

  [[nodiscard]] Estimate price(const GroupView& group, const MappingConstraint& constraint,
                               MappingObjective objective) const;
  [[nodiscard]] double peak_macs_per_second(const models::Formats& formats) const;
  [[nodiscard]] const ResolvedMemory& backing() const { return memory_; }
  [[nodiscard]] double static_power() const { return spec_.static_power.count(); }
  void append_area(std::vector<AreaPart>& parts) const;
  [[nodiscard]] std::vector<std::string> assumptions() const;
  [[nodiscard]] models::Precision default_format() const { return models::kInt8; }
  /// Host accesses and programs exclude each other; starting one is part of launch.
  [[nodiscard]] double mode_switch() const { return 0.0; }
  [[nodiscard]] bool serves_host() const { return false; }

  /// Instructions of one operation on operands of \p format.
  [[nodiscard]] double instructions(CoreOperation operation, const models::Precision& format) const;
  /// Instructions that one core completes in a second.
  [[nodiscard]] double instruction_rate() const { return rate_; }
  /// Operations of one type that one core completes in a second, operands in the scratchpad.
  [[nodiscard]] double operation_rate(CoreOperation operation,
                                      const models::Precision& format) const {
    return rate_ / instructions(operation, format);
  }
  /// Cycles of one transfer of so many bytes.
  [[nodiscard]] double read_cycles(double bytes) const { return spec_.read.cycles(bytes); }
  [[nodiscard]] double write_cycles(double bytes) const { return spec_.write.cycles(bytes); }
  /// Bit/s that one core's engine reads in blocks of the given size.
  [[nodiscard]] double read_bandwidth() const;

  [[nodiscard]] const Spec& spec() const { return spec_; }
  /// Pieces of a group: what price() turns into time.
  [[nodiscard]] PimCoresWork work_of(const GroupView& group) const;
  /// What the busiest core does for it.
  [[nodiscard]] PimCoresLoop loop_of(const PimCoresWork& work) const;

 private:
  [[nodiscard]] OperatorCost cost_of(const PimCoresWork& work,
                                     const models::Formats& formats) const;
  [[nodiscard]] double multiply_accumulate(const models::Formats& formats) const;

  Spec spec_;
  ResolvedMemory memory_;
  double rate_{};  ///< instructions/s of one core
};

}  // namespace cairn::hw
