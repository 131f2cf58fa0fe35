/// \file
/// The committed table of bandwidths that the cycle level reaches, as the analytical level reads
/// it.
///
/// Assumes:    reads of one stream, the mix that the closed forms ask about.
/// Ignores:    the address order of a simulated machine, which keeps streams apart better than the
///             table's (`row column rank bank bankgroup`); the rows for mixes and several streams
///             (they are there for people).
/// Reference:  `cairn dram --table` writes the table.
/// Checked by: tests/unit/hw/memory_cycle/run_shares_test.cpp (cells against the model)
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hw/memory/dram_part.h"

namespace cairn::hw {

/// Rows of \p part with reads only and one stream, by length of run. Columns: part, run_bytes,
/// write_fraction, streams, share.
/// \throws IoError, ConfigError when the table has no such rows.
[[nodiscard]] std::vector<DramRunShare> load_run_shares(const std::filesystem::path& path,
                                                        const std::string& part);

}  // namespace cairn::hw
