#include "models/workload.h"

#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

#include "core/error.h"

namespace cairn::models {
namespace {

void check_repeats(const Workload& workload) {
  const auto count = static_cast<std::int32_t>(workload.operators.size());
  std::int32_t next = 0;
  const auto at = [&workload](std::int32_t index) -> const Operator& {
    return workload.operators[static_cast<std::size_t>(index)];
  };
  for (const Repeat& repeat : workload.repeats) {
    CAIRN_CHECK(repeat.first == next && repeat.length > 0 && repeat.copies > 0,
                fmt::format("repeat at operator {} does not follow the one before", repeat.first));
    CAIRN_CHECK(repeat.copies <= (count - next) / repeat.length,
                fmt::format("repeat at operator {} runs past the end", repeat.first));
    for (std::int32_t i = repeat.length; i < repeat.length * repeat.copies; ++i) {
      const Operator& copy = at(next + i);
      const Operator& model = at(next + i % repeat.length);
      CAIRN_CHECK(copy.shape == model.shape && copy.formats == model.formats &&
                      copy.sparsity == model.sparsity && copy.parameters == model.parameters &&
                      copy.input_density == model.input_density &&
                      copy.output_density == model.output_density,
                  fmt::format("{} differs from {} in the same repeat", copy.name, model.name));
    }
    next += repeat.length * repeat.copies;
  }
  CAIRN_CHECK(next == count, "repeats do not cover all operators");
}

}  // namespace

void check(const Workload& workload) {
  const auto count = static_cast<std::int32_t>(workload.operators.size());
  std::unordered_set<std::string_view> names;
  std::int64_t parameters = workload.idle_parameters;
  for (const Operator& op : workload.operators) {
    CAIRN_CHECK(names.insert(op.name).second, fmt::format("operator name {} twice", op.name));
    parameters += op.parameters;
  }
  CAIRN_CHECK(parameters == workload.parameters,
              fmt::format("operators and idle weights hold {} parameters, the model {}", parameters,
                          workload.parameters));
  for (const Edge& edge : workload.edges) {
    CAIRN_CHECK(edge.from >= 0 && edge.from < edge.to && edge.to < count,
                fmt::format("edge {} -> {} is not in topological order", edge.from, edge.to));
  }
  for (const FusionGroup& group : workload.fusions) {
    CAIRN_CHECK(!group.operators.empty(), "empty fusion group");
    for (const std::int32_t index : group.operators) {
      CAIRN_CHECK(index >= 0 && index < count, "fusion group names an operator that is not there");
    }
  }
  check_repeats(workload);
}

}  // namespace cairn::models
