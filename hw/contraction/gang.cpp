#include "hw/contraction/gang.h"

#include <algorithm>
#include <bit>

namespace cairn::hw {
namespace {

std::int64_t ceil_divide(std::int64_t value, std::int64_t by) {
  return (value + by - 1) / by;
}

/// The smallest power of two, as an exponent, that is at least \p value.
int exponent_above(std::int64_t value) {
  return std::countr_zero(std::bit_ceil(static_cast<std::uint64_t>(value)));
}

double real(std::int64_t value) {
  return static_cast<double>(value);
}

}  // namespace

GangShare share_of(const GemmMachine& engine, const GemmProblem& whole, const Gang& gang) {
  GangShare share{.machine = engine, .problem = whole, .used = {}};
  GemmProblem& p = share.problem;
  for (std::size_t d = 0; d < 3; ++d) {
    p.extent.at(d) = ceil_divide(whole.extent.at(d), gang.parts.at(d));
    share.used.parts.at(d) = ceil_divide(whole.extent.at(d), p.extent.at(d));
  }
  p.instances = ceil_divide(whole.instances, gang.instances);
  share.used.instances = ceil_divide(whole.instances, p.instances);

  // Elements of the whole product for each element of the share: exact totals, whatever the edges.
  const double instances = real(whole.instances) / real(p.instances);
  const auto ratio = [&](std::size_t d) { return real(whole.extent.at(d)) / real(p.extent.at(d)); };
  const double weights = instances * ratio(1) * ratio(2);
  const double inputs = instances * whole.activation_elements(whole.extent[0], whole.extent[2]) /
                        p.activation_elements(p.extent[0], p.extent[2]);
  const double products = instances * ratio(0) * ratio(1) * ratio(2);
  share.outputs_of_all = instances * ratio(0) * ratio(1);
  p.weight_bits *= weights;
  p.activation_bits *= inputs;
  p.output_bits *= share.outputs_of_all;
  p.partial_bits *= share.outputs_of_all;
  p.epilogue_read_bits *= instances;
  p.decode_operations *= weights;
  share.machine.mac_energy *= products;
  share.machine.register_energy *= products;
  share.machine.decode_energy *= weights;
  share.copies_of_weights = real(share.used.parts[0]);
  share.copies_of_inputs = real(share.used.parts[1]);
  share.summed = real(share.used.parts[2]);
  return share;
}

GangLimits gang_limits(const GemmMachine& engine, const GemmProblem& whole, bool shared_k) {
  const ArrayAxes axes = axes_of(engine.dataflow);
  GangLimits limits;
  limits.instances = exponent_above(whole.instances);
  for (const Dimension d : {Dimension::m, Dimension::n, Dimension::k}) {
    const std::int64_t across = d == axes.rows ? engine.rows : d == axes.cols ? engine.cols : 1;
    limits.parts.at(static_cast<std::size_t>(d)) = exponent_above(ceil_divide(whole.of(d), across));
  }
  // The rows of a window that two parts of a reduction share would be fetched twice.
  if (!shared_k || whole.window.out_width > 0) {
    limits.parts[2] = 0;
  }
  return limits;
}

}  // namespace cairn::hw
