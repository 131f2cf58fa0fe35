/// \file
/// Loading the technologies of the repository in tests.
#pragma once

#include <string>

#include "core/diagnostics.h"
#include "hw/energy/technology.h"

namespace cairn::hw::test {

/// The file of that name in configs/technology/. \throws ConfigError if anything is wrong with it.
inline Technology technology(const std::string& name) {
  Diagnostics diagnostics;
  Technology result = load_technology("configs/technology/" + name + ".yaml", diagnostics);
  diagnostics.throw_if_any();
  return result;
}

/// Published constants come back through a logarithm and an exponential: a few roundings.
inline constexpr double kSameConstant = 1e-12;

inline double picojoules(Joules energy) {
  return energy.count() * 1e12;
}
inline double square_micrometres(Area area) {
  return area.count() * 1e12;
}
inline double square_millimetres(Area area) {
  return area.count() * 1e6;
}

}  // namespace cairn::hw::test
