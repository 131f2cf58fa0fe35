/// \file
/// Which units compute on a column as it is read, so that rows open and close between, and which
/// read ahead.
///
/// Assumes:    a unit at a bank whose input buffer holds a whole row of its bank keeps the weights
///             of a row there while inputs pass by, and reads the next row meanwhile.
/// Ignores:    which of both operands the buffer holds otherwise.
/// Reference:  S. Lee et al., ISCA 2021 (registers of a few columns: in step).
/// Checked by: tests/unit/hw/pim_cycle/pim_program_test.cpp
#pragma once

#include "hw/pim/pim.h"

namespace cairn::hw {

[[nodiscard]] inline bool keeps_step(const Pim& model) {
  const PimSpec& spec = model.spec();
  return model.in_step() && spec.input_buffer.count() < spec.units * spec.rows->row.count();
}

}  // namespace cairn::hw
