// A function of time does not take cycles.
#include "core/units.h"

using namespace cairn;

Joules energy(Watts power, Seconds time) {
  return power * time;
}

Joules good() {
  return energy(Watts{1.0}, Seconds{1.0});
}
#ifdef MUST_FAIL
Joules bad() {
  return energy(Watts{1.0}, Cycles{1});
}
#endif
