/// \file
/// Host time of a framework that issues kernels as it goes: it runs ahead of the device, so a pass
/// takes the longer of both.
///
/// Assumes:    the queue between host and device never runs full; host time grows with the blocks
///             of the model, not with their size.
/// Ignores:    sampling of many sequences, tokenisation, scheduling between requests.
/// Checked by: tests/unit/sim/serving_test.cpp, `cairn validate --only llm_serving_*`
#pragma once

#include <cstdint>

#include "core/config/fields.h"
#include "core/units.h"
#include "models/workload.h"

namespace cairn::hw {

struct HostTimeSpec {
  Seconds layer{};
  Seconds prompt{};

  template <class Archive>
  void fields(Archive& a) {
    a("layer", layer, "host time to issue one block of the model", NotNegative{});
    a("prompt", prompt, "further host time of a pass that reads a prompt", kOptional,
      NotNegative{});
  }
  /// Seconds of one pass over \p layers blocks.
  [[nodiscard]] double of_pass(std::int64_t layers, models::Phase phase) const {
    return layer.count() * static_cast<double>(layers) +
           (phase == models::Phase::prefill ? prompt.count() : 0.0);
  }
};

}  // namespace cairn::hw
