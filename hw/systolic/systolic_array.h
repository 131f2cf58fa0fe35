/// \file
/// A systolic array with scratchpads, a vector unit and a memory behind them: analytical model.
///
/// Time of a group: see nest.h; attention is two GEMMs per KV head with a softmax between, whose
/// scores stay on chip when fused.
///
/// Assumes:    dense compute: pruning shrinks storage and traffic only. Idle PEs burn no dynamic
///             energy (operand isolation). Partial sums travel at the accumulator's width.
///             Weights coded or scaled by group are decoded on the way from scratchpad to array.
/// Ignores:    bank conflicts, host transfers, control energy.
/// Reference:  H. T. Kung, "Why systolic architectures?", IEEE Computer 15(1), 1982;
///             N. Jouppi et al., "In-datacenter performance analysis of a tensor processing unit",
///             ISCA 2017 (unified buffer, weights streamed from DRAM).
/// Checked by: tests/unit/hw/systolic/systolic_array_test.cpp (by hand),
///             tests/validation/scalesim_test.cpp (3,000 cycle counts of SCALE-Sim).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/fields.h"
#include "hw/device.h"
#include "hw/systolic/mapper.h"
#include "hw/systolic/systolic_spec.h"

namespace cairn::hw {

/// Attention as two products, one after the other.
struct AttentionProblems {
  GemmProblem scores;
  GemmProblem values;
  double visible{};     ///< share of all pairs of query and key that count
  double score_bits{};  ///< of all scores
  bool fused{};         ///< scores stay on chip
  bool spills{};        ///< a row of scores does not fit: the softmax between passes DRAM once more
};

class SystolicArray {
 public:
  using Spec = SystolicArraySpec;
  static constexpr std::string_view kModelVersion = "3";  ///< bump when any number changes

  /// Why no array can be built so: no bandwidth behind it, a clock above the technology's curve.
  [[nodiscard]] static std::optional<Infeasible> problem(const Spec& spec,
                                                         const DeviceContext& context);

  /// Precondition: every memory it names exists, and problem() is empty.
  SystolicArray(const Spec& spec, const DeviceContext& context);

  [[nodiscard]] Estimate price(const GroupView& group, const MappingConstraint& constraint,
                               MappingObjective objective) const;
  [[nodiscard]] double peak_macs_per_second(const models::Formats& formats) const;
  [[nodiscard]] const ResolvedMemory& backing() const { return backing_; }
  [[nodiscard]] double clock() const { return base_.clock; }
  [[nodiscard]] const Spec& spec() const { return spec_; }
  [[nodiscard]] double static_power() const { return leakage_; }
  void append_area(std::vector<AreaPart>& parts) const;
  [[nodiscard]] std::vector<std::string> assumptions() const;
  [[nodiscard]] models::Precision default_format() const { return spec_.native; }

  /// The machine and problem behind a matmul or convolution group, for tests and mapping studies;
  /// Infeasible when the array cannot compute with these formats.
  [[nodiscard]] std::variant<GemmProblem, Infeasible> problem_of(const GroupView& group) const;
  [[nodiscard]] GemmMachine machine_for(const models::Formats& formats) const;
  /// The products behind an attention group.
  [[nodiscard]] std::variant<AttentionProblems, Infeasible> attention_problems(
      const GroupView& group) const;

 private:
  void append_logic(std::vector<AreaPart>& parts) const;
  [[nodiscard]] Estimate price_gemm(const GroupView& group, const MappingConstraint& constraint,
                                    MappingObjective objective) const;
  [[nodiscard]] Estimate price_attention(const GroupView& group,
                                         const MappingConstraint& constraint,
                                         MappingObjective objective) const;
  [[nodiscard]] Estimate price_vector(const GroupView& group) const;
  [[nodiscard]] Estimate solve(const GemmMachine& machine, const GemmProblem& problem,
                               const MappingConstraint& constraint,
                               MappingObjective objective) const;
  [[nodiscard]] Estimate on_all_cores(const GemmMachine& machine, const GemmProblem& problem,
                                      const MappingConstraint& constraint,
                                      MappingObjective objective) const;
  [[nodiscard]] Estimate on_one_core(const GemmMachine& machine, const GemmProblem& problem,
                                     const MappingConstraint& constraint,
                                     MappingObjective objective) const;
  /// J at nominal voltage of one product and its sum.
  [[nodiscard]] double product_energy(const models::Precision& weight,
                                      const models::Precision& activation) const;
  [[nodiscard]] Infeasible too_large(const GemmMachine& machine, const MapperResult& result) const;

  Spec spec_;
  ResolvedMemory backing_;
  GemmMachine base_;
  std::array<std::string, 3> slot_names_;
  Technology technology_;
  double two_ported_mm2_{};  ///< of scratchpads that need a second port, with one
  double leakage_{};
  double voltage_scale_{1};  ///< dynamic energy relative to nominal voltage (V^2)
};

}  // namespace cairn::hw
