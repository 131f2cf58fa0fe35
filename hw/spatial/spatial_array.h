/// \file
/// A spatial array: levels of storage with arrays of instances between them, a vector unit and a
/// memory behind the chip. Analytical model.
///
/// Convolutions and matrix products become loop nests (loop_nest.h) that the mapper chooses under
/// the dataflow; attention is two products for each KV head with a softmax between. Channel groups
/// are processed one after the other unless a level spreads loop g: a depthwise convolution fills
/// only what its kernel and its outputs can.
///
/// Zeros: gating keeps a PE still for the cycle; skipping goes on to the next pair, and a group of
/// lanes takes as long as its slowest (density.h).
///
/// Assumes:    idle PEs burn no dynamic energy beyond `clocked_bits`. Partial sums travel at the
///             accumulator's width. Coded or grouped weights are decoded on the way to the PEs.
///             Activations are packed behind the chip where that makes them smaller.
/// Ignores:    bank conflicts, host transfers, control energy beyond `clocked_bits`, the cost of
///             packing itself.
/// Reference:  A. Parashar et al., "Timeloop", ISPASS 2019; Y.-H. Chen et al., "Eyeriss", JSSC
/// 52(1),
///             2017.
/// Checked by: tests/unit/hw/spatial/spatial_array_test.cpp,
///             tests/validation/spatial_validation_test.cpp (a published chip).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hw/device.h"
#include "hw/spatial/density.h"
#include "hw/spatial/spatial_mapper.h"
#include "hw/spatial/spatial_spec.h"

namespace cairn::hw {

class SpatialArray {
 public:
  using Spec = SpatialArraySpec;
  static constexpr std::string_view kModelVersion = "2";  ///< bump when any number changes

  /// Why no array can be built so: no bandwidth behind it, a clock above the technology's curve.
  [[nodiscard]] static std::optional<Infeasible> problem(const Spec& spec,
                                                         const DeviceContext& context);

  /// Precondition: every memory it names exists, and problem() is empty.
  SpatialArray(const Spec& spec, const DeviceContext& context);

  [[nodiscard]] Estimate price(const GroupView& group, const MappingConstraint& constraint,
                               MappingObjective objective) const;
  [[nodiscard]] double peak_macs_per_second(const models::Formats& formats) const;
  [[nodiscard]] const ResolvedMemory& backing() const { return backing_; }
  [[nodiscard]] double clock() const { return base_.clock; }
  [[nodiscard]] double static_power() const { return leakage_; }
  void append_area(std::vector<AreaPart>& parts) const;
  [[nodiscard]] std::vector<std::string> assumptions() const;
  [[nodiscard]] models::Precision default_format() const { return spec_.native; }

  /// Problem, machine and best nest of a matmul or convolution group, for tests and mapping
  /// studies.
  struct Solution {
    LoopProblem problem;
    NestMachine machine;
    SpatialResult result;
  };
  [[nodiscard]] std::variant<Solution, Infeasible> solve_group(const GroupView& group,
                                                               const MappingConstraint& constraint,
                                                               MappingObjective objective) const;

  /// The fastest nests behind a matmul, convolution or attention group, one after the other.
  struct Phases {
    std::vector<Solution> nests;
    double score_bits{};  ///< of scores that are written and read once more between two nests
  };
  [[nodiscard]] std::variant<Phases, Infeasible> phases_of(const GroupView& group) const;
  /// The machine in plain numbers, formats aside.
  [[nodiscard]] const NestMachine& machine() const { return base_; }
  /// The memory behind a slot of a level, levels from the innermost; empty: registers.
  [[nodiscard]] const std::string& memory_of(std::size_t level, std::size_t slot) const {
    return slot_names_.at(level).at(slot);
  }

 private:
  /// Attention as two products.
  struct AttentionProblems {
    LoopProblem scores;
    LoopProblem values;
    double score_bits{};
    bool fused{};
    bool spills{};
  };
  [[nodiscard]] AttentionProblems attention_problems(const GroupView& group) const;
  [[nodiscard]] std::variant<LoopProblem, Infeasible> problem_of(const GroupView& group) const;
  [[nodiscard]] NestMachine machine_for(const models::Formats& formats,
                                        const LoopProblem& problem) const;
  void skip_zeros(const LoopProblem& problem, NestMachine& machine) const;
  [[nodiscard]] Infeasible too_large(const SpatialResult& result) const;
  [[nodiscard]] Estimate solve(const models::Formats& formats, const LoopProblem& problem,
                               const MappingConstraint& constraint,
                               MappingObjective objective) const;
  [[nodiscard]] Estimate price_attention(const GroupView& group,
                                         const MappingConstraint& constraint,
                                         MappingObjective objective) const;
  [[nodiscard]] Estimate price_vector(const GroupView& group) const;

  Spec spec_;
  ResolvedMemory backing_;
  NestMachine base_;
  NestRules rules_;
  std::array<std::array<std::string, kOperands>, kMaxLevels> slot_names_{};
  std::array<std::array<bool, kOperands>, kMaxLevels> in_registers_{};
  TileDensities tiles_{};  ///< relative to their mean
  Technology technology_;
  double leakage_{};
  double voltage_scale_{1};  ///< dynamic energy relative to nominal voltage (V^2)
};

}  // namespace cairn::hw
