/// \file
/// How energy, area, leakage and delay change between technology nodes.
#pragma once

#include <span>

#include "hw/energy/log_curve.h"
#include "hw/energy/specs.h"

namespace cairn::hw {

/// A published value at a node.
struct NodeValue {
  double node{};  ///< metre
  double value{};
  Confidence confidence{Confidence::measured};
};

/// The three documented functions: logic energy, logic area, and SRAM (energy, area, leakage and
/// delay of its own). Each is a curve through published nodes.
///
/// Assumes:    every operation of a kind scales alike where only one node is published.
/// Ignores:    differences between foundries that give a node the same name.
/// Reference:  configs/technology/tables/node_scaling.yaml names the source of every point.
/// Checked by: tests/unit/hw/energy/node_scaling_test.cpp
class NodeScaling {
 public:
  explicit NodeScaling(const NodeScalingSpec& spec);

  [[nodiscard]] const LogCurve& logic_energy() const { return logic_energy_; }
  [[nodiscard]] const LogCurve& logic_area() const { return logic_area_; }
  [[nodiscard]] const LogCurve& sram_energy() const { return sram_energy_; }
  [[nodiscard]] const LogCurve& sram_area() const { return sram_area_; }
  [[nodiscard]] const LogCurve& sram_leakage() const { return sram_leakage_; }
  [[nodiscard]] const LogCurve& sram_delay() const { return sram_delay_; }

 private:
  LogCurve logic_energy_;
  LogCurve logic_area_;
  LogCurve sram_energy_;
  LogCurve sram_area_;
  LogCurve sram_leakage_;
  LogCurve sram_delay_;
};

/// value(to) / value(from) on \p scaling; the weaker confidence of both ends.
[[nodiscard]] Sample scale_factor(const LogCurve& scaling, double from_node, double to_node);

/// What published \p values (not empty, different nodes) say about \p node (metre): a published
/// value exactly, between two nodes log-log, beyond them the nearest value times \p scaling.
[[nodiscard]] Sample at_node(std::span<const NodeValue> values, const LogCurve& scaling,
                             double node);

}  // namespace cairn::hw
