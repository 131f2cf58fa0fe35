/// \file
/// `cairn list`: what there is to choose from.
#pragma once

#include <string>
#include <vector>

#include "app/exit_code.h"

namespace cairn::app {

struct ListOptions {
  std::string what;
  bool json{};
};

[[nodiscard]] ExitCode run_list(const ListOptions& options);

}  // namespace cairn::app
