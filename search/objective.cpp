#include "search/objective.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace cairn::search {

double Constraint::violation(double x) const {
  if (std::isnan(x)) {
    return std::numeric_limits<double>::infinity();
  }
  const double over = bound == Bound::at_most ? x - value : value - x;
  if (!(over > 0.0)) {
    return 0.0;
  }
  return value == 0.0 ? over : over / std::abs(value);
}

std::string Constraint::limit_name() const {
  return fmt::format("{} {}", metric, bound == Bound::at_most ? "at_most" : "at_least");
}

std::string Constraint::reason(double x) const {
  return fmt::format("{} is {:.4g} {}, {} {:.4g} {}", metric, x, unit,
                     bound == Bound::at_most ? "allowed at most" : "wanted at least", value, unit);
}

std::optional<Violation> worst_violation(std::span<const Constraint> constraints,
                                         std::span<const double> metrics) {
  std::optional<Violation> worst;
  for (std::size_t i = 0; i < constraints.size(); ++i) {
    const double excess = constraints[i].violation(metrics[constraints[i].column]);
    if (excess > 0.0 && (!worst || excess > worst->excess)) {
      worst = Violation{i, excess};
    }
  }
  return worst;
}

bool to_minimized(std::span<const Objective> objectives, std::span<const double> metrics,
                  std::span<double> out) {
  bool known = true;
  for (std::size_t i = 0; i < objectives.size(); ++i) {
    const double x = metrics[objectives[i].column];
    out[i] = objectives[i].direction == Direction::minimize ? x : -x;
    known = known && !std::isnan(x);
  }
  return known;
}

}  // namespace cairn::search
