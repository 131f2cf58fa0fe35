/// \file
/// Multipliers in, beside or outside a memory: analytical model.
///
/// Weights (or keys and values) are read where they lie; inputs come to the units, and outputs
/// leave them, over the memory's external interface. One read of a weight serves as many input rows
/// as the buffers hold; beyond that it is read again.
///
///   internal   fill = start + copies x inputs / external bandwidth + latency
///              busy = max(passes x columns, vector work) where units keep step with the columns,
///                     max(MACs / peak, passes x columns, vector work) where they have buffers
///              drain = outputs / external bandwidth + latency
///   external   busy = max(MACs / peak, (passes x weights + inputs + outputs) / bandwidth, vector)
///
/// What overlaps does so in chunks: what is not the longest adds its part of the first and the last
/// chunk. Units at the banks, and behind a group of them, compute on a column as it is read, so a
/// column takes the longer of tCCD and its arithmetic and rows open and close between; units on a
/// logic die have buffers. The internal bandwidth comes from the banks' timing (row_timing.h), or
/// is a multiple of the external peak. Attention reads each key and value once for all query heads
/// that share it; softmax runs on the units' vector lanes. A gather opens a row for each entry.
///
/// Assumes:    weights spread evenly over all banks; inputs in DRAM before, outputs after; operands
///             narrower than `native` run at its rate, wider integers in several passes.
/// Ignores:    mode switches (they belong to the schedule: a run of operators pays once), loading
///             weights into another layout, the order of commands, thermal limits.
/// Reference:  S. Lee et al., "Hardware architecture and software stack for PIM based on commercial
///             DRAM technology", ISCA 2021 (bank units, all-bank mode); S. Lee et al., "A 1ynm
///             1.25V 8Gb 16Gb/s/pin GDDR6-based accelerator-in-memory", ISSCC 2022; S. Williams et
///             al., "Roofline", CACM 52(4), 2009.
/// Checked by: tests/unit/hw/pim/pim_test.cpp (by hand, and properties),
///             tests/unit/hw/pim_cycle/ (against the same work simulated),
///             `cairn validate --only` with the ids of app/validation/pim_comparisons.cpp
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hw/device.h"
#include "hw/pim/pim_spec.h"
#include "hw/pim/pim_work.h"
#include "hw/pim/row_timing.h"

namespace cairn::hw {

class Pim {
 public:
  using Spec = PimSpec;
  static constexpr std::string_view kModelVersion = "2";  ///< bump when any number changes

  /// Why no units can be built so: a memory without bandwidth, a clock above the curve.
  [[nodiscard]] static std::optional<Infeasible> problem(const Spec& spec,
                                                         const DeviceContext& context);
  /// Precondition: every memory it names exists, and problem() is empty.
  Pim(const Spec& spec, const DeviceContext& context);

  [[nodiscard]] Estimate price(const GroupView& group, const MappingConstraint& constraint,
                               MappingObjective objective) const;
  [[nodiscard]] double peak_macs_per_second(const models::Formats& formats) const;
  [[nodiscard]] const ResolvedMemory& backing() const { return memory_; }
  [[nodiscard]] double static_power() const { return spec_.static_power.count(); }
  void append_area(std::vector<AreaPart>& parts) const;
  [[nodiscard]] std::vector<std::string> assumptions() const;
  [[nodiscard]] models::Precision default_format() const { return spec_.native; }

  /// Bit/s that the units can read over long streams.
  [[nodiscard]] double internal_bandwidth() const { return internal_; }
  /// Of switching between serving the host and computing, one way, in s.
  [[nodiscard]] double mode_switch() const { return spec_.mode_switch.count(); }
  [[nodiscard]] bool serves_host() const {
    return spec_.serves_host || spec_.placement == PimPlacement::external;
  }

  [[nodiscard]] const Spec& spec() const { return spec_; }
  /// Meaningful where spec().rows is given.
  [[nodiscard]] const RowTiming& timing() const { return timing_; }
  /// Bits and operations of a group: what price() turns into time.
  [[nodiscard]] std::variant<PimWork, Infeasible> work_of(const GroupView& group,
                                                          const MappingConstraint& wanted) const;
  /// Time of the units between inputs and outputs.
  [[nodiscard]] PimBusy busy_of(const PimWork& work) const;
  /// Pieces in which work streams through the units.
  [[nodiscard]] std::int64_t chunks_of(const PimWork& work) const;
  /// Whether arithmetic keeps step with the columns.
  [[nodiscard]] bool in_step() const {
    return spec_.rows.has_value() &&
           (spec_.placement == PimPlacement::bank || spec_.placement == PimPlacement::bank_group);
  }
  [[nodiscard]] bool external() const { return external_; }
  [[nodiscard]] double vector_rate() const { return vector_rate_; }
  [[nodiscard]] double peak_rate() const { return peak_; }

 private:
  using WorkOrRefusal = std::variant<PimWork, Infeasible>;
  [[nodiscard]] WorkOrRefusal product_work(const GroupView& group,
                                           const MappingConstraint& wanted) const;
  [[nodiscard]] WorkOrRefusal attention_work(const models::Operator& op, bool fused,
                                             const MappingConstraint& wanted) const;
  [[nodiscard]] PimWork vector_work(const models::Operator& op) const;
  [[nodiscard]] OperatorCost cost_of(const PimWork& work) const;
  [[nodiscard]] double rows_per_read(double row_bits, double columns) const;

  Spec spec_;
  ResolvedMemory memory_;
  Technology technology_;
  RowTiming timing_;
  bool external_{};
  double internal_{};     ///< bit/s
  double peak_{};         ///< native MAC/s
  double vector_rate_{};  ///< operations/s
  double read_energy_{};  ///< J/bit for the units, activation excluded
  double voltage_scale_{1};
};

}  // namespace cairn::hw
