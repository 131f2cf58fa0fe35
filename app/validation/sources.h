/// \file
/// The list of comparisons. Adding some: a file with a function, and one line here.
#pragma once

#include <array>
#include <vector>

#include "app/validation/comparison.h"
#include "app/validation/crossbar_comparisons.h"
#include "app/validation/dram_comparisons.h"
#include "app/validation/fusion_comparisons.h"
#include "app/validation/gpu_comparisons.h"
#include "app/validation/mcu_comparisons.h"
#include "app/validation/memory_comparisons.h"
#include "app/validation/pim_comparisons.h"
#include "app/validation/planner_comparisons.h"
#include "app/validation/scalesim_layers_comparisons.h"
#include "app/validation/serving_comparisons.h"
#include "app/validation/spatial_comparisons.h"

namespace cairn::app {

using ComparisonSource = std::vector<Comparison> (*)();

inline constexpr std::array kComparisonSources{
    ComparisonSource{compare_gpu},      //
    ComparisonSource{compare_serving},  //
    ComparisonSource{compare_fusion},   //
    ComparisonSource{compare_spatial},  //
    ComparisonSource{compare_mcu},      //
    ComparisonSource{compare_planner},  //
    ComparisonSource{compare_pim},      //
    ComparisonSource{compare_crossbars},
    ComparisonSource{compare_memories},
    ComparisonSource{compare_scalesim_layers},
    ComparisonSource{compare_dram_commands},
};

/// Everything, in the order of the list.
[[nodiscard]] inline std::vector<Comparison> compare_all() {
  std::vector<Comparison> all;
  for (const ComparisonSource source : kComparisonSources) {
    for (Comparison& comparison : source()) {
      all.push_back(std::move(comparison));
    }
  }
  return all;
}

}  // namespace cairn::app
