#include "hw/pim/pim_spec.h"

#include <cmath>

#include <fmt/format.h>

namespace cairn::hw {
namespace {

constexpr double kMostDifference = 0.05;  ///< between two statements of the same peak

}  // namespace

std::vector<FieldProblem> PimSpec::problems() const {
  std::vector<FieldProblem> found;
  const bool external = placement == PimPlacement::external;
  if (native.is_coded()) {
    found.push_back({"native", "a coded format cannot be multiplied", "give int8, fp16, bf16"});
  }
  if (!external && !bandwidth_multiplier && !rows) {
    found.push_back({"", "the internal bandwidth is missing",
                     "give rows (banks and timing), bandwidth_multiplier, or both"});
  }
  if (external && (bandwidth_multiplier || rows)) {
    found.push_back({bandwidth_multiplier ? "bandwidth_multiplier" : "rows",
                     "external units have the memory's own bandwidth", "leave it out"});
  }
  if (commands == PimCommands::per_bank && !(rows && rows->command_interval.count() > 0)) {
    found.push_back({"commands", "per_bank needs rows.command_interval", ""});
  }
  if (activate_energy.count() > 0 && !rows) {
    found.push_back({"activate_energy", "rows are opened, but their size is not known",
                     "give rows, or let read_energy include the activation"});
  }
  const double made = operations_per_second();
  if (peak && std::abs(peak->count() / made - 1) > kMostDifference) {
    found.push_back(
        {"peak",
         fmt::format("{:.4g} Top/s, but {} units x {} MACs x {:.4g} MHz make {:.4g} "
                     "Top/s",
                     peak->count() / 1e12, units, macs_per_unit, clock.count() / 1e6, made / 1e12),
         "they must agree within 5 %"});
  }
  return found;
}

std::vector<FieldProblem> PimSpec::problems_with(double external) const {
  if (!bandwidth_multiplier || !rows) {
    return {};
  }
  const double made = RowTiming(*rows, commands == PimCommands::per_bank).peak() / external;
  if (std::abs(*bandwidth_multiplier / made - 1) <= kMostDifference) {
    return {};
  }
  return {{"bandwidth_multiplier",
           fmt::format("{:.4g}, but the banks of rows make {:.4g} times the external bandwidth",
                       *bandwidth_multiplier, made),
           "they must agree within 5 %"}};
}

}  // namespace cairn::hw
