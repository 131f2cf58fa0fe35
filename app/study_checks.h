/// \file
/// Mistakes of a study that show only when its parts are put together with the files they name:
/// models that do not exist, phases that a model lacks, schemes that select nothing, technology
/// files that cannot be read. Found before the first point is evaluated.
#pragma once

#include <vector>

#include "app/study.h"
#include "core/diagnostics.h"
#include "sim/point_model.h"
#include "sim/technology_library.h"
#include "sim/workload_spec.h"

namespace cairn::app {

/// What the parts of a study are checked with.
struct StudyContext {
  const StudySpec& study;
  const std::vector<sim::KnobChoices>& knobs;
  const sim::WorkloadBuilder& workloads;
  const sim::TechnologyLibrary& technologies;
};

/// Builds every workload, each choice of each knob once, the other knobs at their first choice (of
/// a knob with very many choices: some, the last one included).
/// Precondition: the sections can be read.
void check_workloads(const StudyContext& context, Diagnostics& diagnostics);

/// Reads every technology that the system may name. Precondition: the section can be read.
void check_technologies(const StudyContext& context, Diagnostics& diagnostics);

/// The systems that a study may choose: one for each name and set of device kinds.
/// Precondition: the section can be read.
[[nodiscard]] std::vector<hw::SystemSpec> systems_of(const Node& system,
                                                     const std::vector<sim::KnobChoices>& knobs);

}  // namespace cairn::app
