/// \file
/// How the engines of an array divide one product between them.
///
/// A gang divides m, n, k and the instances by powers of two. Engines with the same part of m and k
/// share words of the input, those with the same part of n and k share weights: such words are
/// read once and copied in the distribution network. Engines with the same part of m and n add
/// their results up in the reduction network on the way to the scratchpad.
///
/// The share of one engine is again a product, which all engines work on in step. Its `bits` per
/// element count every distinct copy in the whole array, so that the nest of one engine carries
/// the whole machine's traffic, footprints and energies.
///
/// Assumes:    engines start and end together, the largest share counts. Tiles of all engines
///             share the scratchpads evenly.
/// Checked by: tests/unit/hw/contraction/gang_test.cpp (by hand)
#pragma once

#include <array>
#include <cstdint>

#include "hw/systolic/gemm_problem.h"
#include "hw/systolic/nest.h"

namespace cairn::hw {

struct Gang {
  std::array<std::int64_t, 3> parts{1, 1, 1};  ///< of m, n, k
  std::int64_t instances{1};                   ///< parts of the instances

  [[nodiscard]] std::int64_t engines() const { return parts[0] * parts[1] * parts[2] * instances; }
};

/// The part of an array that one engine stands for.
struct GangShare {
  GemmMachine machine;  ///< one engine, energies of all of them
  GemmProblem problem;  ///< its product, bits of all of them
  Gang used;            ///< parts that get work
  double copies_of_weights{1};
  double copies_of_inputs{1};
  double summed{1};          ///< results added up into one
  double outputs_of_all{1};  ///< output elements of the whole product for each of the share
};

/// \p whole on engines like \p engine, divided by \p gang.
[[nodiscard]] GangShare share_of(const GemmMachine& engine, const GemmProblem& whole,
                                 const Gang& gang);

/// Powers of two, as exponents, by which a gang may divide each extent and still give every engine
/// work: whole engines along the extents that lie across one, single elements along the one in
/// time.
struct GangLimits {
  std::array<int, 3> parts{};
  int instances{};
};
/// \param shared_k engines may share a reduction.
[[nodiscard]] GangLimits gang_limits(const GemmMachine& engine, const GemmProblem& whole,
                                     bool shared_k);

/// Calls \p visit with every gang of 2^\p exponent engines, or of as many as the limits allow.
template <class Visitor>
void each_gang(const GangLimits& limits, int exponent, Visitor&& visit) {
  const int most = limits.parts[0] + limits.parts[1] + limits.parts[2] + limits.instances;
  const int wanted = exponent < most ? exponent : most;
  for (int i = 0; i <= limits.instances && i <= wanted; ++i) {
    for (int m = 0; m <= limits.parts[0] && i + m <= wanted; ++m) {
      for (int n = 0; n <= limits.parts[1] && i + m + n <= wanted; ++n) {
        const int k = wanted - i - m - n;
        if (k <= limits.parts[2]) {
          visit(Gang{{std::int64_t{1} << m, std::int64_t{1} << n, std::int64_t{1} << k},
                     std::int64_t{1} << i});
        }
      }
    }
  }
}

}  // namespace cairn::hw
