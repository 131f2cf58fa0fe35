#include "app/validation/pricing.h"

#include <variant>

#include "app/paths.h"
#include "core/error.h"

namespace cairn::app {

hw::Estimate price_operator(const hw::Machine& machine, const models::Operator& op) {
  return machine.price({&op, {}, 0}, {}, hw::MappingObjective::latency);
}

hw::Estimate price_product(const hw::Machine& machine, const models::MatMul& shape) {
  models::Operator op;
  op.shape = shape;
  op.formats = default_formats(machine);
  return price_operator(machine, op);
}

hw::OperatorCost cost_of(const hw::Machine& machine, const models::Operator& op) {
  const hw::Estimate estimate = price_operator(machine, op);
  const auto* cost = std::get_if<hw::OperatorCost>(&estimate);
  CAIRN_CHECK(cost != nullptr, "an operator of a reference table cannot run");
  return *cost;
}

const hw::Machine& MachineShelf::get(std::string_view stem, const std::string& stack) {
  const std::string key = std::string{stem} + "/" + stack;
  const auto found = systems_.find(key);
  if (found != systems_.end()) {
    return *found->second.machine;
  }
  const std::string file =
      (configs_directory() / "hardware" / (std::string{stem} + ".yaml")).string();
  return *systems_.emplace(key, load_system(file, {}, stack)).first->second.machine;
}

}  // namespace cairn::app
