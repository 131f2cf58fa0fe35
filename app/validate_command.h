/// \file
/// `cairn validate`: the models against measured silicon.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/exit_code.h"

namespace cairn::app {

struct ValidateOptions {
  std::string only;  ///< id, device, stack, family or topic; empty: everything
  bool rows{};       ///< print every row
  bool json{};
  bool markdown{};
  bool summary{};  ///< the table that reports quote
  bool cross{};    ///< the closed forms against the cycle level instead
  std::int64_t pairs{200};
  std::uint64_t seed{1};
};

/// Exit code 1 when a bar is broken.
[[nodiscard]] ExitCode run_validate(const ValidateOptions& options);

}  // namespace cairn::app
