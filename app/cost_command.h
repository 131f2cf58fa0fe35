/// \file
/// `cairn cost`: prices the rows of a table on a machine.
#pragma once

#include <string>
#include <vector>

#include "app/cycle_level.h"
#include "app/exit_code.h"

namespace cairn::app {

struct CostOptions {
  std::string hardware;
  std::string stack;
  std::string operators;
  std::vector<std::string> overrides;
  std::string out;  ///< empty: standard output
  bool json{};
  bool depthwise{};
  bool mappings{};
  FidelityOptions level;
};

/// Rows that cannot run have empty figures and their reason; the command still succeeds unless no
/// row could run at all.
[[nodiscard]] ExitCode run_cost(const CostOptions& options);

}  // namespace cairn::app
