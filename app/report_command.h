/// \file
/// `cairn report`: writes the report of a run again.
#pragma once

#include <string>
#include <vector>

#include "app/exit_code.h"

namespace cairn::app {

struct ReportOptions {
  std::string run;
  bool json{};
};

[[nodiscard]] ExitCode run_report(const ReportOptions& options);

}  // namespace cairn::app
