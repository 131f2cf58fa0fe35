/// \file
/// `cairn validate`: the models against measured silicon.
#pragma once

#include <string>
#include <vector>

#include "app/exit_code.h"

namespace cairn::app {

struct ValidateOptions {
  bool json{};
};

[[nodiscard]] ExitCode run_validate(const ValidateOptions& options);

}  // namespace cairn::app
