/// \file
/// The list of device families. Adding one: its folder, one alternative in each variant here, one
/// line in hw/CMakeLists.txt, one YAML file, one test.
#pragma once

#include <variant>

#include "hw/gpu/gpu.h"
#include "hw/gpu/gpu_spec.h"
#include "hw/systolic/systolic_array.h"
#include "hw/systolic/systolic_spec.h"

namespace cairn::hw {

using DeviceSpec = std::variant<SystolicArraySpec, GpuSpec>;
using DeviceModel = std::variant<SystolicArray, Gpu>;

}  // namespace cairn::hw
