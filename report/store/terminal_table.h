/// \file
/// The front as a table for the terminal.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "report/store/result_store.h"
#include "search/objective.h"

namespace cairn::report {

struct TableOptions {
  std::size_t width{80};  ///< columns of the terminal
  std::size_t rows{20};   ///< most points shown
};

/// Rows of knobs and objectives, aligned; sorted by the first objective, best first, then by id.
/// Knobs with the same choice in every row shown stand in one line above; knobs that do not fit
/// into the width are left out and counted, as are rows beyond the limit:
/// `... and 123 more in pareto.csv`. Ends with a newline.
/// \param ids of the front.
[[nodiscard]] std::string front_table(const ResultReader& results,
                                      std::span<const std::uint64_t> ids,
                                      std::span<const search::Objective> objectives,
                                      const TableOptions& options = {});

/// Cells under headers, two blanks between columns; numbers (cells that start with a digit or a
/// sign) to the right, texts to the left. No rule lines, no trailing blanks. Also for other tables.
[[nodiscard]] std::string align_columns(std::span<const std::string> header,
                                        std::span<const std::vector<std::string>> rows);

}  // namespace cairn::report
