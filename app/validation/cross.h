/// \file
/// The closed forms against the cycle level on random work and random hardware: how far the two
/// levels disagree. Neither is the truth, so this is never called an error.
///
/// Each pair is a hardware file of the family with memories made faster or slower and larger or
/// smaller at random, and one random operator. A pair runs in a process of its own, since a process
/// simulates one machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cairn::app {

struct CrossOptions {
  std::int64_t pairs{200};  ///< of each family
  std::uint64_t seed{1};
  std::string only;  ///< a family; empty: all
  bool rows{};       ///< keep every pair
  double time_out_s{60};
};

/// One random pair at both levels.
struct CrossPair {
  std::string work;  ///< `edge_npu_ddr4: matmul 12 x 345 x 678`
  std::string why;   ///< why it has no price: refused, failed, timed out; empty when it has
  bool refused{};    ///< by the closed form: no pair
  double closed_form_s{};
  double cycle_s{};
  double wall_s{};
  [[nodiscard]] double disagreement() const { return cycle_s / closed_form_s - 1; }
};

struct CrossFamily {
  std::string family;
  std::vector<CrossPair> pairs;     ///< that have both prices
  std::vector<CrossPair> failures;  ///< that should have
  double median{};                  ///< of the absolute disagreement
  double percentile_95{};
  double signed_mean{};
};

/// The families whose devices have a cycle level, each on its own random pairs.
[[nodiscard]] std::vector<CrossFamily> compare_levels(const CrossOptions& options);
/// Terminal tables.
[[nodiscard]] std::string cross_text(const std::vector<CrossFamily>& families, bool rows);

}  // namespace cairn::app
