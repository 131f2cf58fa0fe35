/// \file
/// `cairn compare`: what the choices of one knob are worth against one of them, over a whole run.
#pragma once

#include <string>
#include <vector>

#include "app/exit_code.h"

namespace cairn::app {

struct CompareOptions {
  std::string run;  ///< folder
  std::string knob;
  std::string baseline;  ///< empty: the first choice
  std::vector<std::string> metrics;
  std::vector<std::string> by;
  bool csv{};
  bool json{};
};

/// \throws ConfigError for a run that is not finished, and for knobs, choices and metrics that it
///         does not have; IoError.
/// \returns no_feasible_point if no pair is feasible.
ExitCode run_compare(const CompareOptions& options);

/// The answer of run_compare() as text.
struct CompareText {
  std::string text;
  bool any_pair{};
};
[[nodiscard]] CompareText compare_text(const CompareOptions& options);

}  // namespace cairn::app
