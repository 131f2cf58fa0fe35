#include "hw/systolic/scratchpad_words.h"

#include <variant>

namespace cairn::hw {

std::optional<ArrayTraffic> scratchpad_words(const SystolicArray& array, const GroupView& group,
                                             const Mapping& mapping) {
  const models::Shape& shape = group.anchor->shape;
  const bool product = std::holds_alternative<models::MatMul>(shape) ||
                       std::holds_alternative<models::Convolution>(shape);
  if (!product || array.spec().cores > 1) {
    return std::nullopt;
  }
  const auto problem = array.problem_of(group);
  const auto* p = std::get_if<GemmProblem>(&problem);
  if (p == nullptr) {
    return std::nullopt;
  }
  const GemmMachine machine = array.machine_for(group.anchor->formats);
  const Nest nest{machine.timing == SystolicTiming::scalesim ? p->extent : mapping.tile,
                  mapping.order, mapping.bypass};
  ArrayTraffic words = array_traffic(machine, *p, nest);
  const double times = static_cast<double>(p->instances) * p->useful_share;
  words.weights *= times;
  words.activations *= times * static_cast<double>(p->passes);
  words.output_writes *= times;
  words.output_reads *= times;
  return words;
}

}  // namespace cairn::hw
