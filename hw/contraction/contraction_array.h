/// \file
/// An array of contraction engines between a distribution and a reduction network: analytical
/// model.
///
/// Engines are small arrays of rows x cols multiply-accumulators. For each step the mapping chooses
/// what stays in the engines, how they are ganged (gang.h) and the tiles (../systolic/mapper.h);
/// time is that of one engine's share behind the memories of all (../systolic/nest.h), after the
/// registers of both networks once. Steps of small matrices keep many engines busy.
///
/// Permutes: nothing moves where the networks can read a tensor in any order (a butterfly on the
/// way out and one on the way in, or a Benes network): only the switches' energy. One butterfly
/// alone takes the further passes of networks.h. Without switches the elements move through the
/// vector unit and the backing memory, as on a systolic array (../permute.h).
///
/// Energy of networks: each word that crosses between scratchpads and engines pays its way through
/// the switches, copies and sums included. `registers` has the switches, and
/// `multiply_accumulate` the adders of the reduction network.
///
/// Assumes:    what systolic_array.h and nest.h assume of an engine. The backing memory moves tiles
///             in the order in which they are stored: permuting begins at the scratchpads.
///             Attention, convolutions (as products) and vector operators as on a systolic array.
/// Ignores:    time to choose switch settings; conflicts that networks.h rules out; a user's
///             mapping beyond its dataflow is refused.
/// Reference:  J. Lu et al., "FETTA", arXiv:2504.06474, 2025 (engines between butterflies); J. Tong
///             et al., "FEATHER", ISCA 2024 (reordering while reducing).
/// Checked by: tests/unit/hw/contraction/contraction_array_test.cpp (by hand; never below the
///             roofline; energy sums; small ranks against one large array)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hw/contraction/contraction_spec.h"
#include "hw/contraction/gang.h"
#include "hw/contraction/networks.h"
#include "hw/device.h"
#include "hw/systolic/mapper.h"
#include "hw/systolic/systolic_array.h"

namespace cairn::hw {

class ContractionArray {
 public:
  using Spec = ContractionArraySpec;
  static constexpr std::string_view kModelVersion = "1";  ///< bump when any number changes

  [[nodiscard]] static std::optional<Infeasible> problem(const Spec& spec,
                                                         const DeviceContext& context);

  /// Precondition: every memory it names exists, and problem() is empty.
  ContractionArray(const Spec& spec, const DeviceContext& context);

  [[nodiscard]] Estimate price(const GroupView& group, const MappingConstraint& constraint,
                               MappingObjective objective) const;
  [[nodiscard]] double peak_macs_per_second(const models::Formats& formats) const;
  [[nodiscard]] const ResolvedMemory& backing() const { return engine_.backing(); }
  [[nodiscard]] double clock() const { return spec_.clock.count(); }
  [[nodiscard]] const Spec& spec() const { return spec_; }
  [[nodiscard]] double static_power() const { return leakage_; }
  void append_area(std::vector<AreaPart>& parts) const;
  [[nodiscard]] std::vector<std::string> assumptions() const;
  [[nodiscard]] models::Precision default_format() const { return spec_.native; }

  [[nodiscard]] const SwitchNetwork& distribution() const { return distribution_; }
  [[nodiscard]] const SwitchNetwork& reduction() const { return reduction_; }
  /// Times that a tensor passes the networks to be read in another order; none: it has to be moved.
  [[nodiscard]] std::optional<std::int64_t> permute_passes(std::int64_t run) const;

 private:
  [[nodiscard]] Estimate price_product(const GemmMachine& machine, const GemmProblem& problem,
                                       const MappingConstraint& constraint,
                                       MappingObjective objective) const;
  [[nodiscard]] Estimate price_attention(const GroupView& group,
                                         const MappingConstraint& constraint,
                                         MappingObjective objective) const;
  [[nodiscard]] OperatorCost price_permute(const models::Operator& op,
                                           const models::Elementwise& permute,
                                           std::int64_t passes) const;
  /// J in switches and adders of the networks.
  struct NetworkEnergy {
    double movement{};
    double sums{};
  };
  [[nodiscard]] NetworkEnergy network_energy(const GangShare& share, const Nest& nest) const;
  [[nodiscard]] OperatorCost cost_on(const GangShare& share, const GemmProblem& whole,
                                     const MapperResult& found) const;

  Spec spec_;
  SystolicArray engine_;  ///< one engine with all scratchpads, lanes and the backing memory
  SwitchNetwork distribution_;
  SwitchNetwork reduction_;
  double add_energy_{};  ///< J of one addition in the reduction network
  double leakage_{};     ///< W
  std::vector<AreaPart> area_;
};

}  // namespace cairn::hw
