#include "hw/coprocessing.h"

#include <algorithm>

#include <fmt/format.h>

namespace cairn::hw {

std::vector<FieldProblem> CoprocessingSpec::problems() const {
  std::vector<FieldProblem> found;
  constexpr std::size_t kMostDevices = 8;
  if (devices.size() < 2 || devices.size() > kMostDevices) {
    found.push_back({"devices", fmt::format("{} devices share the work", devices.size()),
                     "name two to eight, the host first"});
  }
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (std::count(devices.begin(), devices.end(), devices[i]) > 1) {
      found.push_back({"devices", fmt::format("'{}' is named twice", devices[i]), ""});
      break;
    }
  }
  if (rule == CoprocessingRule::operations_per_byte && !threshold) {
    found.push_back({"threshold", "the rule operations_per_byte needs it", ""});
  }
  if (rule != CoprocessingRule::operations_per_byte && threshold) {
    found.push_back({"threshold", "only the rule operations_per_byte reads it", "leave it out"});
  }
  return found;
}

double operations_per_byte(const GroupView& group) {
  constexpr double kBitsPerByte = 8;
  double operations = 0;
  double bits = 0;
  const auto add = [&](const models::Operator& op, bool inputs) {
    operations += 2.0 * static_cast<double>(models::multiply_accumulates(op.shape));
    const std::int64_t weights = models::weight_elements(op.shape);
    if (weights > 0) {
      bits += models::stored_tensor(op.formats.weights, op.sparsity, weights, weights).total();
    }
    if (inputs) {
      bits += static_cast<double>(models::input_elements(op.shape)) *
              op.formats.activations.bits_per_element();
    }
  };
  add(*group.anchor, true);
  const models::Operator* last = group.anchor;
  for (const models::Operator* follower : group.followers) {
    if (std::holds_alternative<models::MatMul>(follower->shape)) {  // reads the same input
      add(*follower, false);
    }
    last = follower;
  }
  bits += static_cast<double>(models::output_elements(last->shape)) *
          last->formats.outputs.bits_per_element();
  return bits > 0 ? operations * kBitsPerByte / bits : 0.0;
}

}  // namespace cairn::hw
