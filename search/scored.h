/// \file
/// What became of one design point, in plain numbers: search sees no device and no workload.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace cairn::search {

enum class Status : std::uint8_t {
  feasible,    ///< evaluated, and every constraint holds
  infeasible,  ///< cannot exist, or exceeds a constraint: `excess` says by how much
  failed,      ///< the evaluation itself failed: `reason` says why
};
constexpr auto enum_names(Status) {
  using S = std::string_view;
  return std::array{std::pair{Status::feasible, S{"feasible"}},
                    std::pair{Status::infeasible, S{"infeasible"}},
                    std::pair{Status::failed, S{"failed"}}};
}

/// The result of one point. Views stay valid only for the call that hands the row over.
struct Scored {
  std::uint64_t id{};  ///< place in the order of evaluation
  Status status{Status::feasible};
  std::uint8_t fidelity{};            ///< index into the run's list of fidelities; 0 is the fastest
  std::span<const double> metrics{};  ///< in the run's order and base units; NaN where unknown; may
                                      ///< be empty when the point could not be evaluated
  std::string_view limit{};   ///< short name of the limit that is exceeded most, to count by
  double excess{};            ///< by how much: needed / available - 1; 0 when feasible
  std::string_view reason{};  ///< one sentence; empty when feasible
};

}  // namespace cairn::search
