/// \file
/// The list of device families. Adding one: its folder, one alternative in each variant here, one
/// line in hw/CMakeLists.txt, one YAML file, one test.
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "hw/gpu/gpu.h"
#include "hw/gpu/gpu_spec.h"
#include "hw/mcu/mcu.h"
#include "hw/mcu/mcu_spec.h"
#include "hw/pim/pim.h"
#include "hw/pim/pim_cores.h"
#include "hw/pim/pim_cores_spec.h"
#include "hw/pim/pim_spec.h"
#include "hw/systolic/systolic_array.h"
#include "hw/systolic/systolic_spec.h"

namespace cairn::hw {

using DeviceSpec = std::variant<SystolicArraySpec, GpuSpec, McuSpec, PimSpec, PimCoresSpec>;
using DeviceModel = std::variant<SystolicArray, Gpu, Mcu, Pim, PimCores>;

namespace detail {
template <class Spec, class... Models>
auto model_of(std::variant<Models...>) {
  // The one model whose Spec it is.
  std::tuple<std::conditional_t<std::is_same_v<typename Models::Spec, Spec>, std::tuple<Models*>,
                                std::tuple<>>...>
      matches;
  return std::get<0>(std::apply([](auto... match) { return std::tuple_cat(match...); }, matches));
}
}  // namespace detail

/// The model class of a spec.
template <class Spec>
using ModelOf =
    std::remove_pointer_t<decltype(detail::model_of<Spec>(std::declval<DeviceModel>()))>;

}  // namespace cairn::hw
