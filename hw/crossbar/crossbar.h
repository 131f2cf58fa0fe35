/// \file
/// A chip of compute-in-memory macros behind a buffer, with a vector unit: analytical model.
///
/// Time of a product: vectors of a copy x interval of a macro + its fill, against what the buffer,
/// the backing memory and the vector unit need; all of these overlap. Weights that are not resident
/// are programmed first (rows of a macro one after the other, all macros at once) and, where they
/// exceed the macros, in several rounds.
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
///             app/validation/crossbar_comparisons.cpp (published chips)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hw/crossbar/crossbar_spec.h"
#include "hw/crossbar/macro.h"
#include "hw/crossbar/noise.h"
#include "hw/crossbar/placement.h"
#include "hw/device.h"
#include "hw/systolic/gemm_problem.h"

namespace cairn::hw {

class Crossbar {
 public:
  using Spec = CrossbarSpec;
  static constexpr std::string_view kModelVersion = "1";  ///< bump when any number changes

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

 private:
  /// Work of one product on the macros, before traffic.
  struct MacroWork {
    double seconds{};
    double program_seconds{};
    EnergyBreakdown energy{};
    double active_share{};    ///< of the macros
    double buffer_bits_in{};  ///< read for inputs
    double weight_bits{};     ///< read to be programmed
    double resident_share{};
    CrossbarPlacement placement{};
  };
  [[nodiscard]] std::variant<MacroWork, Infeasible> run(const GemmProblem& problem,
                                                        const models::Operator& op,
                                                        bool programmed) const;
  [[nodiscard]] std::optional<Infeasible> unsupported(const models::Operator& op) const;
  [[nodiscard]] Estimate price_product(const GroupView& group) const;
  [[nodiscard]] Estimate price_activations(const GroupView& group) const;
  [[nodiscard]] Estimate price_vector(const GroupView& group) const;
  /// Adds traffic and whole-chip parts, and makes a cost of it.
  struct Traffic {
    double input_bits{};    ///< distinct, of the operator
    double output_bits{};   ///< distinct
    double buffer_reads{};  ///< bits
    double buffer_writes{};
    double vector_operations{};
  };
  void finish(OperatorCost& cost, const MacroWork& work, const Traffic& traffic,
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
