#include "hw/energy/node_scaling.h"

#include <algorithm>
#include <vector>

#include "core/error.h"

namespace cairn::hw {
namespace {

LogCurve curve(const std::vector<ScalingPointSpec>& points) {
  std::vector<LogCurve::Point> result;
  result.reserve(points.size());
  for (const ScalingPointSpec& point : points) {
    result.push_back({point.node.count(), point.value, point.confidence});
  }
  return LogCurve{std::move(result)};
}

}  // namespace

NodeScaling::NodeScaling(const NodeScalingSpec& spec)
    : logic_energy_(curve(spec.logic_energy)),
      logic_area_(curve(spec.logic_area)),
      sram_energy_(curve(spec.sram_energy)),
      sram_area_(curve(spec.sram_area)),
      sram_leakage_(curve(spec.sram_leakage)),
      sram_delay_(curve(spec.sram_delay)) {}

Sample scale_factor(const LogCurve& scaling, double from_node, double to_node) {
  const Sample from = scaling.at(from_node);
  const Sample to = scaling.at(to_node);
  return {to.value / from.value, weakest(from.confidence, to.confidence)};
}

Sample at_node(std::span<const NodeValue> values, const LogCurve& scaling, double node) {
  CAIRN_CHECK(!values.empty(), "a constant needs at least one node");
  const auto [low, high] =
      std::minmax_element(values.begin(), values.end(),
                          [](const NodeValue& a, const NodeValue& b) { return a.node < b.node; });
  if (node >= low->node && node <= high->node) {
    std::vector<LogCurve::Point> points;
    points.reserve(values.size());
    for (const NodeValue& value : values) {
      points.push_back({value.node, value.value, value.confidence});
    }
    return LogCurve{std::move(points)}.at(node);
  }
  const NodeValue& nearest_end = node < low->node ? *low : *high;
  const Sample factor = scale_factor(scaling, nearest_end.node, node);
  return {nearest_end.value * factor.value, weakest(nearest_end.confidence, factor.confidence)};
}

}  // namespace cairn::hw
