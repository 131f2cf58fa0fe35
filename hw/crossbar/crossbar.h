/// \file
/// A chip of compute-in-memory macros behind a buffer, with a vector unit: analytical model.
///
/// Time of a product: vectors of a copy x interval of a macro + its fill, against what the buffer,
/// the backing memory and the vector unit need; all of these overlap but for their first and last
/// chunks. Weights that are not resident are programmed first (rows of a macro one after the other,
/// all macros at once) and, where they exceed the macros, in several rounds, each of which reads
/// the inputs again. The stages of an operator, and their time, are in crossbar_work.h.
///
/// Assumes:    whole-number operands; every macro works on its own vector stream; inputs are read
///             from the buffer once for each vector and passed to all macros that need them;
///             activations stay in the buffer if inputs and outputs of the operator fit it, as the
///             operators before and after it are neighbours on the chip; macros for programmed
///             activation products are free when they are needed; pruned weights save nothing.
/// Ignores:    contention in the network, data-dependent energy, wear beyond the count of writes.
/// Reference:  A. Shafiee et al., "ISAAC: a convolutional neural network accelerator with in-situ
///             analog arithmetic in crossbars", ISCA 2016; T. Andrulis et al., "CiMLoop", ISPASS
///             2024 (which actions a macro has).
/// Checked by: tests/unit/hw/crossbar/crossbar_test.cpp (by hand and properties),
///             tests/unit/hw/crossbar_cycle/ (against the same operators simulated),
///             app/validation/crossbar_comparisons.cpp (published chips)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hw/crossbar/crossbar_spec.h"
#include "hw/crossbar/crossbar_work.h"
#include "hw/crossbar/macro.h"
#include "hw/crossbar/noise.h"
#include "hw/crossbar/placement.h"
#include "hw/device.h"
#include "hw/systolic/gemm_problem.h"

namespace cairn::hw {

class Crossbar {
 public:
  using Spec = CrossbarSpec;
  static constexpr std::string_view kModelVersion = "2";  ///< bump when any number changes

  /// Why no chip can be built so: no bandwidth behind it, a clock above the technology's curve.
  [[nodiscard]] static std::optional<Infeasible> problem(const Spec& spec,
                                                         const DeviceContext& context);
  /// Precondition: every memory it names exists, and problem() is empty.
  Crossbar(const Spec& spec, const DeviceContext& context);

  [[nodiscard]] Estimate price(const GroupView& group, const MappingConstraint& constraint,
                               MappingObjective objective) const;
  [[nodiscard]] double peak_macs_per_second(const models::Formats& formats) const;
  [[nodiscard]] const ResolvedMemory& backing() const { return backing_; }
  [[nodiscard]] double static_power() const { return leakage_; }
  void append_area(std::vector<AreaPart>& parts) const;
  [[nodiscard]] std::vector<std::string> assumptions() const;
  [[nodiscard]] models::Precision default_format() const { return spec_.native; }

  [[nodiscard]] const CrossbarMacro& macro() const { return macro_; }
  /// Where the weights of a product go; empty if its formats cannot be stored.
  [[nodiscard]] std::optional<CrossbarPlacement> placement_of(const models::Operator& op) const;
  /// Noise of a dot product over all rows that are driven at once. Digital macros have none.
  [[nodiscard]] DotProductNoise noise(const models::Formats& formats) const;

  [[nodiscard]] const Spec& spec() const { return spec_; }
  [[nodiscard]] const ResolvedMemory& buffer() const { return buffer_; }
  /// Stages of a group and what they move: what price() turns into time.
  [[nodiscard]] std::variant<CrossbarWork, Infeasible> work_of(const GroupView& group) const;
  [[nodiscard]] CrossbarRates rates_of(const CrossbarStage& stage) const;

 private:
  [[nodiscard]] std::variant<CrossbarStage, Infeasible> stage_of(const GemmProblem& problem,
                                                                 const models::Operator& op,
                                                                 bool programmed,
                                                                 CrossbarWork& work) const;
  [[nodiscard]] std::optional<Infeasible> unsupported(const models::Operator& op) const;
  using WorkOrRefusal = std::variant<CrossbarWork, Infeasible>;
  [[nodiscard]] WorkOrRefusal product_work(const GroupView& group) const;
  [[nodiscard]] WorkOrRefusal activations_work(const GroupView& group) const;
  [[nodiscard]] CrossbarWork vector_work(const GroupView& group) const;
  /// Traffic with the backing memory: what the buffer cannot hold.
  void place_activations(CrossbarWork& work) const;
  [[nodiscard]] OperatorCost cost_of(const CrossbarWork& work,
                                     const models::Formats& formats) const;

  Spec spec_;
  ResolvedMemory buffer_;
  ResolvedMemory backing_;
  Technology technology_;
  double voltage_scale_{1};
  CrossbarMacro macro_;
  double accumulate_energy_{};
  double leakage_{};
};

}  // namespace cairn::hw
