/// \file
/// points.csv and pareto.csv: the rows of a store as text.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "report/store/result_store.h"

namespace cairn::report {

/// Writes every evaluation, in the order of ids.
///
/// Columns: `id`, the knobs by name (empty where inactive), the metrics with their unit in the name
/// (empty where unknown), `status`, `fidelity`, `limit`, `excess`, `reason`. Numbers are the
/// shortest texts that read back to the same double. The bytes depend on the stored rows only. The
/// file appears at once, complete, under its name; memory does not grow with the rows.
/// \throws IoError
void write_points_csv(const ResultReader& results, const std::string& path);

/// Writes chosen evaluations in the same form. \param ids in the order wanted.
void write_pareto_csv(const ResultReader& results, std::span<const std::uint64_t> ids,
                      const std::string& path);

}  // namespace cairn::report
