/// \file
/// The programs of all families that have a cycle level: one line for each.
#pragma once

#include "hw/systolic/cycle/systolic_program.h"
