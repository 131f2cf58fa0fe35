/// \file
/// `cairn model`: one model, one phase, one machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/cycle_level.h"
#include "app/exit_code.h"

namespace cairn::app {

struct ModelOptions {
  std::string model;
  std::string hardware;
  std::string stack;
  std::string phase{"forward"};
  std::string optimizer;  ///< training: sgd, momentum or adam; empty: adam
  std::int64_t batch{1};
  std::int64_t context{0};
  std::string scheme;
  std::optional<std::int64_t> prompt;
  std::optional<std::int64_t> generate;
  std::int64_t tensor_parallel{1};
  std::int64_t pipeline_parallel{1};
  std::int64_t data_parallel{1};
  std::int64_t expert_parallel{1};
  bool spread_experts{false};
  std::vector<std::string> dimensions;  ///< `name=value`
  std::vector<std::string> overrides;
  std::string mapping;
  bool json{};
  FidelityOptions level;
};

[[nodiscard]] ExitCode run_model(const ModelOptions& options);

}  // namespace cairn::app
