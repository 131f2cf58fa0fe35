/// \file
/// What the columns of a run mean: knobs, metrics, and the study they belong to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "search/objective.h"
#include "search/space/design_space.h"

namespace cairn::report {

struct KnobColumn {
  std::string name;
  std::vector<std::string> choices;  ///< as text
  friend bool operator==(const KnobColumn&, const KnobColumn&) = default;
};

struct MetricColumn {
  std::string name;      ///< in the study: `latency`
  std::string csv_name;  ///< with its unit: `latency_s`
  std::string unit;      ///< of the stored numbers: `s`
  friend bool operator==(const MetricColumn&, const MetricColumn&) = default;
};

/// Fixed when a run begins; stored with it.
struct RunSchema {
  std::uint64_t study_hash{};  ///< of the resolved study: another one cannot continue the run
  std::string study_name;
  std::vector<KnobColumn> knobs;
  std::vector<MetricColumn> metrics;
  std::vector<std::string> fidelities{"analytical"};  ///< what Scored::fidelity counts
  friend bool operator==(const RunSchema&, const RunSchema&) = default;
};

/// The columns of a space's knobs.
[[nodiscard]] std::vector<KnobColumn> knob_columns(const search::DesignSpace& space);

}  // namespace cairn::report
