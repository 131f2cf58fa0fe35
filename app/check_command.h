/// \file
/// `cairn check`: reads files and reports every mistake in them.
#pragma once

#include <string>
#include <vector>

#include "app/exit_code.h"

namespace cairn::app {

struct CheckOptions {
  std::vector<std::string> files;
};

[[nodiscard]] ExitCode run_check(const CheckOptions& options);

}  // namespace cairn::app
