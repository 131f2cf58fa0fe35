/// \file
/// `cairn dram`: one DRAM channel under streams, random accesses or a trace, command by command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/exit_code.h"

namespace cairn::app {

struct DramOptions {
  std::string part;
  std::vector<std::string> pattern{"stream"};  ///< stream, random, or trace and a file
  std::optional<std::int64_t> requests;        ///< absent: the whole trace, or 100,000
  double write_fraction{};
  std::int64_t outstanding{256};
  std::string refresh{"on"};
  std::string map;
  std::string page{"open"};
  std::uint64_t seed{1};
  bool probe{};
  bool table{};  ///< shares of the peak by run, mix and streams, for the analytical level
  bool json{};
};

/// Text for --help: default order of addresses, what counts as in flight.
[[nodiscard]] std::string dram_footer();

/// \throws ConfigError on an unknown part, a wrong order of addresses or a line of the trace.
[[nodiscard]] ExitCode run_dram(const DramOptions& options);

}  // namespace cairn::app
