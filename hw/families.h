/// \file
/// The list of device families. Adding one: its folder, one alternative in each variant here, one
/// line in hw/CMakeLists.txt, one YAML file, one test.
#pragma once

#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "hw/contraction/contraction_array.h"
#include "hw/contraction/contraction_spec.h"
#include "hw/crossbar/crossbar.h"
#include "hw/crossbar/crossbar_spec.h"
#include "hw/gpu/gpu.h"
#include "hw/gpu/gpu_spec.h"
#include "hw/mcu/mcu.h"
#include "hw/mcu/mcu_spec.h"
#include "hw/pim/pim.h"
#include "hw/pim/pim_cores.h"
#include "hw/pim/pim_cores_spec.h"
#include "hw/pim/pim_spec.h"
#include "hw/spatial/spatial_array.h"
#include "hw/spatial/spatial_spec.h"
#include "hw/systolic/systolic_array.h"
#include "hw/systolic/systolic_spec.h"

namespace cairn::hw {

using DeviceSpec = std::variant<SystolicArraySpec, GpuSpec, PimSpec, PimCoresSpec, SpatialArraySpec,
                                McuSpec, CrossbarSpec, ContractionArraySpec>;
using DeviceModel =
    std::variant<SystolicArray, Gpu, Pim, PimCores, SpatialArray, Mcu, Crossbar, ContractionArray>;

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

/// Kind and version of every model, in the order of the list.
[[nodiscard]] inline std::vector<std::pair<std::string_view, std::string_view>> model_versions() {
  return []<class... Models>(std::variant<Models...>*) {
    return std::vector<std::pair<std::string_view, std::string_view>>{
        {Models::Spec::kKind, Models::kModelVersion}...};
  }(static_cast<DeviceModel*>(nullptr));
}

/// The model class of a spec.
template <class Spec>
using ModelOf =
    std::remove_pointer_t<decltype(detail::model_of<Spec>(std::declval<DeviceModel>()))>;

}  // namespace cairn::hw
