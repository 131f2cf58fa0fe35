/// \file
/// The `space:` map of a study.
#pragma once

#include <optional>
#include <vector>

#include "core/config/describe.h"
#include "core/config/knobs.h"
#include "core/config/node.h"
#include "core/diagnostics.h"
#include "search/space/design_space.h"

namespace cairn::search {

/// Reads a map of knobs. Each is one of
/// \code
/// rows:    {range: [4, 32], scale: powers_of_two}
/// buffer:  {range: [16 KiB, 1 MiB], scale: log, steps: 7}
/// voltage: {range: [0.6 V, 0.9 V], step: 0.05 V}
/// format:  {choices: [int8, int4/g128, {scheme: prune, pattern: "2:4"}]}
/// block:   {choices: [32, 64], when: {format: [int8, int4/g128]}}
/// require: [rows * cols <= 4096, rows >= cols]
/// \endcode
/// `require` is no knob: its comparisons exclude points (see Requirement). A nothing or an empty
/// map is a space of one point. \returns nothing after an error.
[[nodiscard]] std::optional<DesignSpace> read_space(const Node& space, Diagnostics& diagnostics);

/// What one knob may say, for `cairn explain`.
[[nodiscard]] std::vector<FieldDoc> describe_knob();

/// Names every knob to the study reader, in the order of the space: KnobBinder::set() then takes
/// the same indices as a point.
void declare_knobs(const DesignSpace& space, KnobBinder& binder);

}  // namespace cairn::search
