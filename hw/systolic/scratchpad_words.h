/// \file
/// Words between an array and its scratchpads for one priced product.
///
/// Checked by: tests/unit/hw/systolic_cycle/closed_form_test.cpp (PE by PE, the count itself),
///             tests/validation/scalesim_test.cpp (66 layers of a simulator),
///             tests/unit/hw/systolic/scratchpad_words_test.cpp
#pragma once

#include <optional>

#include "hw/mapping.h"
#include "hw/systolic/nest.h"
#include "hw/systolic/systolic_array.h"

namespace cairn::hw {

/// Of all instances, passes of wide operands counted, as the energy of the scratchpads counts them.
/// With `timing: scalesim` operands are folded whole, as their cycles are.
/// \param mapping that of the price of \p group on \p array.
/// Nothing for operators that are not one product on one core: attention, vector work, an operator
/// that cannot run, arrays with several cores.
[[nodiscard]] std::optional<ArrayTraffic> scratchpad_words(const SystolicArray& array,
                                                           const GroupView& group,
                                                           const Mapping& mapping);

}  // namespace cairn::hw
