/// \file
/// An embedding table held as a tensor-train matrix. Private to compression.
///
/// Rows are counted in mixed radix by the input modes (v1, v2, ...), columns by the output modes
/// (o1, o2, ...); core j holds v_j slices of r x o_j x r'. A token takes one slice of each core,
/// and its row is their product from the first to the last: gathers and small products in place of
/// one gather.
///
/// Assumes:    slices are gathered before they are multiplied; ranks are cut down where a smaller
///             one is exact; the modes may count more rows than the table has.
/// Ignores:    tokens of a batch that share slices.
/// Reference:  O. Hrinchuk et al., "Tensorized embedding layers", EMNLP Findings 2020.
/// Checked by: tests/unit/models/tensor_table_test.cpp
#pragma once

#include <optional>

#include "models/compression/compression.h"
#include "models/compression/replacement.h"

namespace cairn::models {

/// \p scheme means tables (its selector says `kind: embedding`), and \p op is one.
[[nodiscard]] bool tensorizes_table(const Tensorize& scheme, const Operator& op);

/// Why the table \p op cannot be held that way.
[[nodiscard]] std::optional<FieldProblem> table_problem(const Tensorize& scheme, const Operator& op,
                                                        const Workload& workload);

/// Precondition: no table_problem().
[[nodiscard]] Replacement table_replacement(const Tensorize& scheme, const Operator& op);

}  // namespace cairn::models
