/// \file
/// Layers on a systolic array as a public simulator counts them: cycles, words between array and
/// scratchpads, words between scratchpads and DRAM.
///
/// Cycles and operand reads are the same count. The simulator's output writes of an array whose
/// outputs stay contain, for every fold, the sum of the array's rows and columns besides the
/// results: a count of no words. It is added before comparing. DRAM words are not the same count:
///
///   operands   It prefetches a list of words in the order of the wavefront into a scratchpad that
///              forgets half of itself when the other half is full. An operand that does not fit
///              comes again for each fold of the other one. The search holds tiles instead.
///   outputs    Where weights stay, partial sums of every fold of the reduction are written to
///              DRAM, and never read back; here they wait in the scratchpad.
///   padding    A line of `cols` words that is part full when the first half of the output
///              scratchpad drains counts as a whole one: up to cols - 1 words more.
///
/// Checked by: tests/validation/scalesim_test.cpp
#pragma once

#include <vector>

#include "app/validation/comparison.h"

namespace cairn::app {

/// \throws ConfigError, IoError if a table or the hardware file is wrong or absent.
[[nodiscard]] std::vector<Comparison> compare_scalesim_layers();

}  // namespace cairn::app
