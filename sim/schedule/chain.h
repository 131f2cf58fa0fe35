/// \file
/// The schedule of a chain of operators on one engine and one memory channel, in closed form.
///
/// Each operator waits for its first weight tile, then its first input tile, computes while
/// streaming, then drains. All but the first wait can overlap: an operator's weights do not depend
/// on the operator before, so the channel fetches them while that one still computes, as soon as
/// its own streaming has ended (the second half of the weight buffer is free from then on). So a
/// neighbour saves min(weight fill, time the channel was idle), and nothing else overlaps.
///
/// Assumes:    operators run in the given order; one engine; double-buffered weights.
/// Checked by: tests/unit/sim/chain_test.cpp (equal to the list scheduler on random chains)
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/schedule/list_scheduler.h"

namespace cairn::sim {

/// The parts of one operator's time, in seconds (see hw::OperatorCost).
struct ChainStep {
  double weight_fill{};
  double input_fill{};
  double busy{};
  double drain{};
  double stream{};  ///< channel time inside busy
  [[nodiscard]] double alone() const { return weight_fill + input_fill + busy + drain; }
};

/// Time that \p next saves by fetching its first weights under \p before.
[[nodiscard]] inline double prefetched(const ChainStep& before, const ChainStep& next) {
  return std::min(next.weight_fill, std::max(0.0, before.busy - before.stream));
}

/// The same chain as tasks for schedule(), on the resources {"memory", "engine"}; for timelines
/// and for the proof that both agree. Four tasks a step.
[[nodiscard]] std::vector<Task> chain_tasks(const std::vector<ChainStep>& steps,
                                            const std::vector<std::string>& names);
[[nodiscard]] const std::vector<std::string>& chain_resources();

}  // namespace cairn::sim
