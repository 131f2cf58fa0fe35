#include "hw/permute.h"

#include <algorithm>
#include <cmath>
#include <variant>

namespace cairn::hw {

const models::Elementwise* permute_of(const models::Shape& shape) {
  const auto* elementwise = std::get_if<models::Elementwise>(&shape);
  return elementwise != nullptr && elementwise->kind == models::ElementwiseKind::permute
             ? elementwise
             : nullptr;
}

double permute_moves(const models::Elementwise& permute, double lanes) {
  return static_cast<double>(permute.rows) *
         std::ceil(static_cast<double>(permute.columns) / lanes) * lanes;
}

double permute_run_bits(const models::Elementwise& permute, double bits, double on_chip_bits) {
  const auto run = static_cast<double>(permute.columns);
  const double tensor = static_cast<double>(permute.rows) * run;
  const double tile = std::min(on_chip_bits / 2 / bits, tensor);
  return std::min(std::max(run, std::sqrt(tile * run)), tensor) * bits;
}

}  // namespace cairn::hw
