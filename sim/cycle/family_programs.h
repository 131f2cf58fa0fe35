/// \file
/// The programs of all families that have a cycle level: one line for each.
#pragma once

#include "hw/crossbar/cycle/crossbar_program.h"
#include "hw/gpu/cycle/gpu_program.h"
#include "hw/mcu/cycle/mcu_program.h"
#include "hw/pim/cycle/pim_cores_program.h"
#include "hw/pim/cycle/pim_program.h"
#include "hw/spatial/cycle/spatial_program.h"
#include "hw/systolic/cycle/systolic_program.h"
