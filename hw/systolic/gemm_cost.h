/// \file
/// From the cost of a nest to the cost of an operator, and operators put together.
///
/// Checked by: tests/unit/hw/systolic/systolic_array_test.cpp (by hand)
#pragma once

#include <cstdint>

#include "hw/cost.h"
#include "hw/device.h"
#include "hw/systolic/mapper.h"
#include "hw/systolic/systolic_array.h"

namespace cairn::hw {

/// The nest as a mapping with a text form.
[[nodiscard]] Mapping mapping_of(const GemmMachine& machine, const GemmProblem& p, const Nest& nest,
                                 std::uint8_t fused);

/// What a nest waits for most.
[[nodiscard]] Bottleneck limit_of(const NestCost& c);

/// Cycles of a \p clock (Hz) in \p seconds, rounded up.
[[nodiscard]] std::int64_t cycles_of(double seconds, double clock);

/// Of the product \p p with the nest that was \p found.
[[nodiscard]] OperatorCost cost_of(const GemmMachine& machine, const GemmProblem& p,
                                   const MapperResult& found, std::uint8_t fused);

/// One after the other on the same array; the second streams behind the first.
[[nodiscard]] OperatorCost in_sequence(const OperatorCost& a, const OperatorCost& b);

/// \p count equal runs of \p one after the other, each filling and draining its scratchpads.
[[nodiscard]] OperatorCost repeated(const OperatorCost& one, std::int64_t count, double clock);

/// \p used of \p all cores do what \p one says at the same time.
[[nodiscard]] OperatorCost on_cores(const OperatorCost& one, std::int64_t used, std::int64_t all);

/// What is minimised: smaller is better.
[[nodiscard]] double score_of(const OperatorCost& cost, MappingObjective objective);

/// Attention from its two products: scores that stay on chip pass through the activation
/// scratchpad, scores that spill pass the backing memory once more each way.
[[nodiscard]] OperatorCost attention_cost(const GemmMachine& machine, const AttentionProblems& both,
                                          const OperatorCost& first, const OperatorCost& second,
                                          std::uint8_t fused);

}  // namespace cairn::hw
