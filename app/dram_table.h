/// \file
/// `cairn dram --table`: the share of the peak that runs reach, by their length, the share of
/// writes and the number of streams.
#pragma once

#include "app/dram_command.h"
#include "app/exit_code.h"

namespace cairn::app {

/// CSV of every part of `configs/memory`, or of the one that is named.
[[nodiscard]] ExitCode run_dram_table(const DramOptions& options);

}  // namespace cairn::app
