/// \file
/// How the cores of an array divide a product between them.
#pragma once

#include <array>
#include <cstdint>

#include "hw/systolic/gemm_problem.h"

namespace cairn::hw {

/// Which extent of a problem the cores divide.
enum class CoreSplit : std::uint8_t { instances, columns, rows };
inline constexpr std::array kCoreSplits{CoreSplit::instances, CoreSplit::columns, CoreSplit::rows};

[[nodiscard]] inline std::int64_t extent_of(const GemmProblem& p, CoreSplit split) {
  return split == CoreSplit::instances ? p.instances
         : split == CoreSplit::columns ? p.extent[1]
                                       : p.extent[0];
}

/// The largest share that one of \p parts cores gets.
[[nodiscard]] inline GemmProblem share_of(const GemmProblem& whole, CoreSplit split,
                                          std::int64_t parts) {
  GemmProblem p = whole;
  std::int64_t& extent = split == CoreSplit::instances ? p.instances
                         : split == CoreSplit::columns ? p.extent[1]
                                                       : p.extent[0];
  const auto before = static_cast<double>(extent);
  extent = (extent + parts - 1) / parts;
  p.vector_operations *= static_cast<double>(extent) / before;
  if (split != CoreSplit::instances) {  // per instance, over fewer outputs
    p.epilogue_read_bits *= static_cast<double>(extent) / before;
  }
  return p;
}

/// Cores that get a share.
[[nodiscard]] inline std::int64_t cores_used(const GemmProblem& whole, CoreSplit split,
                                             const GemmProblem& share) {
  return (extent_of(whole, split) + extent_of(share, split) - 1) / extent_of(share, split);
}

}  // namespace cairn::hw
