/// \file
/// `cairn explain`: fields, units, defaults and assumptions of a kind.
#pragma once

#include <string>
#include <vector>

#include "app/exit_code.h"

namespace cairn::app {

struct ExplainOptions {
  std::string kind;
  bool json{};
};

[[nodiscard]] ExitCode run_explain(const ExplainOptions& options);

}  // namespace cairn::app
