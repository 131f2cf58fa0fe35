/// \file
/// `cairn run`: ask, evaluate, tell, store, report. The one loop of the program.
#pragma once

#include <string>
#include <vector>

#include "app/exit_code.h"

namespace cairn::app {

struct RunOptions {
  std::string study;
  int threads{};
  std::string out;
  std::string resume;
  bool json{};
  std::vector<std::string> overrides;
};

[[nodiscard]] ExitCode run_study(const RunOptions& options);

}  // namespace cairn::app
